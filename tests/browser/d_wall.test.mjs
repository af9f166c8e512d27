// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from './cases.mjs';
import { sleep, until } from './programs.mjs';
import { fleet, streamOf } from './scenes.mjs';

const tile = (did, phase) => `.tile[data-did="${did}"]${phase ? `[data-phase=${phase}]` : ''}`;

/** The viewers of each device as the server counts them. */
async function viewers(stage, dids) {
	const rows = await Promise.all(dids.map((did) => streamOf(stage, did)));
	return rows.map((row) => row?.viewers ?? 0);
}

function watched(stage, dids, wanted) {
	return until(`the viewers are ${wanted}`, async () => String(await viewers(stage, dids)) === String(wanted), 10000);
}

async function moves(page, did) {
	const time = () => page.$eval(`${tile(did)} video`, (video) => video.currentTime);
	const before = await time();
	await sleep(1000);
	assert.ok((await time()) > before, `${did} stands still`);
}

test('devices are chosen for the wall, play side by side and are remembered', async (stage) => {
	const cameras = [await stage.camera('Wall one'), await stage.camera('Wall two')];
	const dids = cameras.map((camera) => camera.device.did);
	const page = await stage.signedIn();
	await page.click('.places a:has-text("Wall")');
	await page.click('.empty button:has-text("Choose devices")');
	await page.fill('input[name=wall-q]', 'wall');
	await page.waitForFunction(() => document.querySelectorAll('input[name=wall-device]').length === 2);
	for (const did of dids) await page.check(`input[name=wall-device][value="${did}"]`);
	await page.click('dialog button:has-text("Done")');
	for (const did of dids) await page.waitForSelector(tile(did, 'playing'));
	for (const did of dids) await moves(page, did);
	await watched(stage, dids, [1, 1]);
	assert.match(page.url(), new RegExp(`#/wall\\?n=4&d=${dids.join()}$`));

	await page.check('input[name=layout][value="1"]');
	await watched(stage, dids, [1, 0]);
	await page.click('button[aria-label="Devices after"]');
	await watched(stage, dids, [0, 1]);
	assert.equal(await page.textContent('.pager [role=status]'), '2 to 2 of 2');

	await page.goto('about:blank');
	await page.goto(`${stage.server.http}/#/wall`);
	await page.waitForSelector(tile(dids[1], 'playing'));
	await page.click(`${tile(dids[1])} a`);
	await page.waitForSelector('h1:text-is("Wall two")');
	await watched(stage, dids, [0, 1]);
});

test('a tile that nobody sees stops its stream and comes back when it is seen', async (stage) => {
	const cameras = [await stage.camera('Above'), await stage.camera('Beside'), await stage.camera('Below')];
	const dids = cameras.map((camera) => camera.device.did);
	const page = await stage.signedIn({ viewport: { width: 800, height: 260 } });
	await page.goto(`${stage.server.http}/#/wall?n=4&d=${dids.join()}`);
	for (const did of dids.slice(0, 2)) await page.waitForSelector(tile(did, 'playing'));
	await watched(stage, dids, [1, 1, 0]);
	assert.equal(await page.getAttribute(tile(dids[2]), 'data-phase'), 'paused');

	await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
	await page.waitForSelector(tile(dids[2], 'playing'));
	await page.evaluate(() => window.scrollTo(0, 0));
	await page.waitForSelector(tile(dids[2], 'paused'));
	await watched(stage, dids, [1, 1, 0]);

	const hide = (isHidden) => page.evaluate((hidden) => {
		Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
		document.dispatchEvent(new Event('visibilitychange'));
	}, isHidden);
	await hide(true);
	await watched(stage, dids, [0, 0, 0]);
	await hide(false);
	await watched(stage, dids, [1, 1, 0]);
	for (const did of dids.slice(0, 2)) await page.waitForSelector(tile(did, 'playing'));
	await moves(page, dids[0]);
});

test('sixteen tiles play at once', async (stage) => {
	const dids = await fleet(stage, 'many', 16);
	const page = await stage.signedIn();
	await page.goto(`${stage.server.http}/#/wall?n=16&d=${dids.join()}`);
	await page.waitForFunction(() => document.querySelectorAll('.tile[data-phase=playing]').length === 16);
	const times = () => page.$$eval('.tile video', (videos) => videos.map((video) => video.currentTime));
	const before = await times();
	await sleep(1500);
	const after = await times();
	assert.deepEqual(dids.filter((_, i) => after[i] <= before[i]), []);
	assert.ok(await page.evaluate(() => document.documentElement.scrollHeight <= window.innerHeight), 'it needs scrolling');
});

test('a tile says in words why it has no picture', async (stage) => {
	const away = await stage.device('Not there');
	const page = await stage.signedIn();
	await page.goto(`${stage.server.http}/#/wall?n=1&d=${away.did}`);
	await page.waitForSelector(`${tile(away.did)}[data-stage=device-offline]`);
	assert.equal(await page.textContent('.tile-words p'), 'The device is offline');
	assert.equal(await page.textContent('.tile-name'), 'Not there');
});
