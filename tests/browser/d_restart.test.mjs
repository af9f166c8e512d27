// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from './cases.mjs';
import { playing } from './picture.mjs';

test('after a restart of the server the page and its picture come back by themselves', async (stage) => {
	stage.expects(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed/);
	const camera = await stage.camera('Patient');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await playing(page);
	assert.equal(await stage.server.stop(), 0);
	await page.waitForSelector('.banner:has-text("does not answer")');
	await page.waitForSelector('.overlay[data-stage=server-away]');
	await stage.server.start();
	await camera.isOnline(60000);
	await playing(page, 60000);
	assert.equal(await page.locator('.banner').count(), 0);
});
