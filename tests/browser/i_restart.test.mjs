// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from './cases.mjs';
import { playing } from './picture.mjs';
import { sleep } from './programs.mjs';

const WITHIN_MS = 5000;

test('after a restart of the server the page and its picture come back by themselves', async (stage) => {
	stage.expects(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed/);
	const camera = await stage.camera('Patient');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await playing(page);
	assert.equal(await stage.server.stop(), 0);
	await page.waitForSelector('.banner:has-text("does not answer")');
	await page.waitForSelector('.overlay[data-stage=server-away]');
	await sleep(4000); // the page is at its longest pause between two tries
	await stage.server.start();
	const back = Date.now();
	await page.waitForSelector('.banner', { state: 'detached', timeout: 5000 });
	await camera.isOnline(60000);
	const online = Date.now();
	await playing(page, 60000);
	const late = Date.now() - Math.max(online, back);
	assert.ok(late < WITHIN_MS, `the picture came ${late} ms after the device`);
});
