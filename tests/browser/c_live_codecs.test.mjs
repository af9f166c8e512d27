// SPDX-License-Identifier: Apache-2.0
// The codecs of enhanced RTMP, as mpegts.js sees them: AV1 plays; of H.265, which this browser cannot show, the
// demultiplexer tells what it is.
import assert from 'node:assert/strict';
import { test } from './cases.mjs';
import { difference, look, playing } from './picture.mjs';
import { push, until } from './programs.mjs';

/** A device whose picture is pushed by a program in Python; ends with the test. */
async function pushed(stage, name, kind) {
	const device = await stage.device(name);
	const { token } = await stage.server.call('POST', `/v2/devices/${device.did}/push-tokens`, {});
	const pusher = await push(stage.server, `${device.did}?token=${token}`, kind);
	stage.cameras.push(pusher);
	return device;
}

/** What mpegts.js finds in the stream, on a page without our own player. */
async function mediaInfo(stage, did) {
	const page = await stage.signedIn({ bypassCSP: true });
	await page.addScriptTag({ path: stage.playerFile() });
	return page.evaluate((url) => new Promise((found) => {
		const video = document.createElement('video');
		const player = window.mpegts.createPlayer({ type: 'flv', isLive: true, url }, { enableStashBuffer: false });
		player.on(window.mpegts.Events.MEDIA_INFO, (info) => {
			player.destroy();
			found({ codec: info.videoCodec, width: info.width, height: info.height });
		});
		player.attachMediaElement(video);
		player.load();
	}), `${stage.server.http}/live/${did}.flv`);
}

test('AV1 plays in the console with moving time and changing pixels', async (stage) => {
	const device = await pushed(stage, 'AV1', 'av1');
	const page = await stage.signedIn();
	await stage.open(page, device);
	await playing(page);
	const before = await look(page);
	// The clip goes round every two seconds: it is looked at in between.
	const after = await until('a second of it was shown', async () => {
		const now = await look(page);
		return now.time - before.time > 0.9 && now;
	});
	assert.ok(difference(before, after) > 0, 'the picture stands still');
	assert.ok(Math.max(...after.grey) - Math.min(...after.grey) > 30, 'the picture is blank');
});

test('a codec that the browser cannot show is said before it tries', async (stage) => {
	const device = await pushed(stage, 'Too new', 'h265');
	const page = await stage.signedIn();
	const bytes = [];
	page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => bytes.push(payload.length)));
	await stage.open(page, device);
	await page.waitForSelector('.overlay[data-stage=codec-unsupported]');
	await page.waitForSelector('.told:has-text("The device sends H.265.")');
	assert.deepEqual(bytes, []);
	assert.equal(await page.getAttribute('.live', 'data-phase'), 'failed');
});

for (const kind of ['h265', 'h265-12']) {
	test(`mpegts.js reads ${kind} for what it is`, async (stage) => {
		stage.expects(/hvc1|MediaSource|SourceBuffer|NotSupported/);
		const device = await pushed(stage, kind, kind);
		const info = await mediaInfo(stage, device.did);
		assert.match(info.codec, /^hvc1\.1\./);
		assert.deepEqual([info.width, info.height], [320, 180]);
	});
}
