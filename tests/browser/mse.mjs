// SPDX-License-Identifier: Apache-2.0
// Browsers that lack something, and a player that is not the console's own.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** A phone's browser: no Media Source Extensions, only what it plays by itself. */
export function withoutMediaSource(page) {
	return page.addInitScript(() => {
		delete window.MediaSource;
		delete window.ManagedMediaSource;
		delete window.WebKitMediaSource;
	});
}

/** A browser that was built without a codec. */
export function withoutCodec(page, name) {
	return page.addInitScript((codec) => {
		const before = MediaSource.isTypeSupported.bind(MediaSource);
		MediaSource.isTypeSupported = (type) => !type.includes(codec) && before(type);
	}, name);
}

/** Plays an FLV address by HTTP in a <video> of its own, and waits until its time moves. */
export async function playsOverHttp(page, path) {
	const player = readFileSync(join(here, '../../web/node_modules/mpegts.js/dist/mpegts.js'), 'utf8');
	await page.addInitScript({ content: player });
	await page.reload();
	return page.evaluate(async (url) => {
		const video = document.createElement('video');
		video.muted = true;
		document.body.append(video);
		const made = mpegts.createPlayer({ type: 'flv', isLive: true, url }, { enableStashBuffer: false });
		made.attachMediaElement(video);
		made.load();
		video.play().catch(() => undefined);
		const end = Date.now() + 15000;
		const times = [];
		while (times.length < 5 && Date.now() < end) {
			await new Promise((done) => setTimeout(done, 200));
			if (video.currentTime > (times[times.length - 1] ?? 0)) times.push(video.currentTime);
		}
		made.destroy();
		video.remove();
		return times;
	}, path);
}
