// SPDX-License-Identifier: Apache-2.0
// A browser that lacks something, and a player that is not the console's own.
import { readFileSync } from 'node:fs';

/** A phone's browser: no Media Source Extensions, only what it plays by itself. */
export function withoutMediaSource(page) {
	return page.addInitScript(() => {
		delete window.MediaSource;
		delete window.ManagedMediaSource;
		delete window.WebKitMediaSource;
	});
}

/** Plays an FLV address by HTTP in a <video> of its own, and waits until its time moves. */
export async function playsOverHttp(stage, page, path) {
	await page.addInitScript({ content: readFileSync(stage.playerFile(), 'utf8') });
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
