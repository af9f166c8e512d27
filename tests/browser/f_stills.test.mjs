// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from './cases.mjs';
import { playing } from './picture.mjs';
import { act, recorded } from './scenes.mjs';

const openStills = (stage, page, device) =>
	page.goto(`${stage.server.http}/#/devices/${encodeURIComponent(device.did)}/stills`);

const isLoaded = (selector) => {
	const image = document.querySelector(selector);
	return image?.complete && image.naturalWidth > 0;
};

test('a picture is taken, shown large, kept and deleted', async (stage) => {
	const camera = await stage.camera('Photographer');
	const page = await stage.signedIn();
	await openStills(stage, page, camera.device);
	await page.waitForSelector('.empty:has-text("No pictures yet")');
	for (const count of [1, 2]) {
		await page.click('button:has-text("Take a picture")');
		await page.waitForFunction((wanted) => document.querySelectorAll('.still').length === wanted, count);
	}
	await page.waitForFunction(isLoaded, '.still img');
	await page.click('.still >> nth=0');
	await page.waitForFunction(isLoaded, 'dialog .large img');
	assert.match(await page.textContent('dialog .hint'), /^640 × 360, \d+(\.\d)? kB$/);
	const [download] = await Promise.all([page.waitForEvent('download'), page.click('dialog a:has-text("Download")')]);
	const bytes = readFileSync(await download.path());
	assert.equal(bytes.readUInt16BE(0), 0xffd8);
	assert.match(download.suggestedFilename(), /^\d{8}-\d{6}-.+\.jpeg$/);

	await page.click('dialog button[aria-label="Older picture"]');
	await page.waitForFunction(isLoaded, 'dialog .large img');
	await page.click('dialog button:has-text("Delete")');
	await page.click('dialog button.danger:not(.outline)');
	await page.waitForFunction(() => document.querySelectorAll('.still').length === 1);
	await page.reload();
	await page.waitForSelector('.still');
	assert.equal(await page.locator('.still').count(), 1);
});

test('many pictures come page by page', async (stage) => {
	const camera = await stage.camera('Diligent');
	for (let i = 0; i < 25; i++) await act(stage, camera.device.did, { capture: {} });
	const page = await stage.signedIn();
	await openStills(stage, page, camera.device);
	await page.waitForFunction(() => document.querySelectorAll('.still').length === 24);
	await page.click('button:has-text("Load more")');
	await page.waitForFunction(() => document.querySelectorAll('.still').length === 25);
	assert.equal(await page.locator('button:has-text("Load more")').count(), 0);
});

test('an uploaded recording is listed with the day on which it goes', async (stage) => {
	const { device, segments } = await recorded(stage, 'Uploader', 4000);
	const page = await stage.signedIn();
	await page.goto(`${stage.server.http}/#/devices/${device.did}/replay`);
	await page.click('button:has-text("Save on the server")');
	await page.waitForSelector('text=Saved. It is under Pictures');
	await page.click('.way a:has-text("Pictures")');
	const row = page.locator(`tr[data-file="${segments[0].file}"]`);
	await row.waitFor();
	const weekOn = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'short', day: 'numeric' })
		.format(Date.now() + 7 * 86400000);
	assert.ok((await row.textContent()).includes(weekOn), `${await row.textContent()} does not name ${weekOn}`);
	const [download] = await Promise.all([page.waitForEvent('download'), row.locator('a').click()]);
	assert.equal(readFileSync(await download.path()).subarray(0, 3).toString(), 'FLV');
	await row.locator('button').click();
	await page.click('dialog button.danger');
	await row.waitFor({ state: 'detached' });
});

test('the list shows a small picture of what is live, and asks for no other', async (stage) => {
	const live = await stage.camera('Being watched');
	const idle = await stage.camera('Not watched');
	const watcher = await stage.signedIn();
	await stage.open(watcher, live.device);
	await playing(watcher);
	const asked = [];
	const page = await stage.signedIn({}, (fresh) =>
		fresh.on('request', (request) => request.url().includes('thumbnail.jpeg') && asked.push(request.url())));
	await page.fill('input[name=q]', 'watched');
	await page.waitForFunction(isLoaded, `.row[data-did="${live.device.did}"] .thumb img`);
	assert.equal(await page.locator(`.row[data-did="${idle.device.did}"] .thumb img`).count(), 0);
	assert.ok(asked.length > 0 && asked.every((url) => url.includes(live.device.did)), String(asked));
});
