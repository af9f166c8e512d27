// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from './cases.mjs';
import { playing } from './picture.mjs';
import { until } from './programs.mjs';

const row = (did) => `tr[data-key="${did}"]`;

test('streams are listed, sorted, kept up and drawn over time', async (stage) => {
	const busy = await stage.camera('Busy gate');
	const calm = await stage.camera('Calm yard');
	const page = await stage.signedIn();
	await page.click('.places a:has-text("Streams")');
	await page.waitForSelector('.plot svg');
	const watchers = [];
	for (const camera of [busy, busy, calm]) {
		const watcher = await stage.signedIn();
		await stage.open(watcher, camera.device);
		await playing(watcher);
		watchers.push(watcher);
	}
	const cell = (did, column) => page.textContent(`${row(did)} [data-column=${column}]`);
	await until('two watch the gate', async () => /^2WebSocket 2$/.test(await cell(busy.device.did, 'viewers')));
	assert.equal(await page.textContent(`${row(busy.device.did)} th a`), 'Busy gate');
	assert.match(await cell(busy.device.did, 'device'), /H\.264 640 × 360/);
	assert.match(await cell(busy.device.did, 'publisher'), /127\.0\.0\.1/);
	await until('rates are known', async () => Number((await cell(calm.device.did, 'out')).replace(/\D/g, '')) > 10);

	const first = () => page.textContent('.streams tbody tr:first-child th a');
	await page.click('.streams thead button:has-text("Viewers")');
	assert.equal(await page.getAttribute('th[aria-sort]', 'aria-sort'), 'descending');
	await until('most viewers first', async () => (await first()) === 'Busy gate');
	await page.click('.streams thead button:has-text("Viewers")');
	await until('least viewers first', async () => (await first()) !== 'Busy gate');

	// Three plots: viewers, bytes in and out, first pictures; the values under the pointer are told.
	assert.equal(await page.locator('.plot').count(), 3);
	await page.waitForFunction(() => document.querySelectorAll('.plot .line').length === 3);
	await page.waitForSelector('.plot:nth-child(3) circle');
	const plot = page.locator('.plot').nth(1);
	const box = await plot.locator('svg').boundingBox();
	await page.mouse.move(box.x + box.width - 30, box.y + box.height / 2);
	await plot.locator('.under').waitFor({ state: 'attached' });
	assert.match(await plot.locator('figcaption').textContent(), /In .*bit\/s.*Out .*bit\/s.*\d\d:\d\d:\d\d/);
	await page.mouse.move(5, 5);
	await plot.locator('svg').focus();
	await page.keyboard.press('ArrowLeft');
	await plot.locator('.under').waitFor({ state: 'attached' });

	await watchers[2].close();
	await until('nobody watches the yard', async () => /^0$/.test(await cell(calm.device.did, 'viewers')));
});
