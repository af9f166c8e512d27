// SPDX-License-Identifier: Apache-2.0
// HLS as phones and foreign pages play it: hls.js on a page of another origin, and the browser's own player.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { test } from './cases.mjs';
import { difference, look } from './picture.mjs';
import { sleep, until } from './programs.mjs';

const library = new URL('./node_modules/hls.js/dist/hls.min.js', import.meta.url);

/** A page of its own origin with one <video>, and hls.js where `withLibrary`. */
async function foreignPage(stage, withLibrary) {
	const html = `<!doctype html><link rel="icon" href="data:,"><video muted playsinline crossorigin="anonymous" width="320"></video>`
		+ (withLibrary ? '<script src="/hls.js"></script>' : '');
	const site = createServer((request, answer) => {
		const isLibrary = request.url === '/hls.js';
		answer.writeHead(200, { 'content-type': isLibrary ? 'text/javascript' : 'text/html' });
		answer.end(isLibrary ? readFileSync(library) : html);
	});
	await new Promise((done) => site.listen(0, '127.0.0.1', done));
	site.unref();
	const page = await stage.page();
	await page.goto(`http://127.0.0.1:${site.address().port}/`);
	return page;
}

async function address(stage, camera) {
	const { did } = camera.device;
	const { token } = await stage.server.call('POST', `/v2/devices/${did}/view-tokens`, { expires_in: 300 });
	return `${stage.server.http}/live/${did}.m3u8?token=${token}`;
}

/** It runs by itself: not at the first frame, but in the seconds after. */
async function moves(page) {
	await until('currentTime moves', async () => {
		const before = await look(page);
		await sleep(300);
		return (await look(page)).time > before.time;
	}, 30000);
	const before = await look(page);
	await sleep(3000);
	const after = await look(page);
	assert.ok(after.time - before.time > 1.5, `currentTime went ${after.time - before.time} s in 3 s`);
	assert.ok(difference(before, after) > 0, 'the picture stands still');
}

test('hls.js on a foreign page plays the low-latency stream', async (stage) => {
	const camera = await stage.camera('To a phone');
	const page = await foreignPage(stage, true);
	await page.evaluate((url) => {
		const video = document.querySelector('video');
		window.faults = [];
		window.player = new window.Hls({ lowLatencyMode: true, enableWorker: false });
		window.player.on(window.Hls.Events.ERROR, (_, fault) => window.faults.push(`${fault.details} ${fault.fatal}`));
		window.player.loadSource(url);
		window.player.attachMedia(video);
		video.play();
	}, await address(stage, camera));
	await moves(page);
	const seen = await page.evaluate(() => ({ latency: window.player.latency, faults: window.faults,
		parts: window.player.levels[0].details.partList?.length ?? 0, codecs: window.player.levels[0].attrs.CODECS }));
	console.log(`    latency ${seen.latency.toFixed(2)} s, ${seen.parts} parts, ${seen.codecs}`);
	assert.deepEqual(seen.faults.filter((fault) => fault.endsWith('true')), []);
	assert.ok(seen.parts > 0, 'no parts were seen');
	assert.ok(seen.latency < 3, `${seen.latency} s behind`);
});

test("the browser's own player plays HLS where it has one", async (stage) => {
	const camera = await stage.camera('Without a library');
	const page = await foreignPage(stage, false);
	const can = await page.evaluate(() => document.querySelector('video').canPlayType('application/vnd.apple.mpegurl'));
	if (!can) {
		console.log('    this browser has none: nothing to see');
		return;
	}
	await page.evaluate((url) => {
		const video = document.querySelector('video');
		video.src = url;
		video.play();
	}, await address(stage, camera));
	await moves(page);
});
