// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from './cases.mjs';

const row = (did) => `.row[data-did="${did}"]`;

test('a device added by hand shows its secret once', async (stage) => {
	const page = await stage.signedIn();
	await page.click('button:has-text("Add device")');
	await page.fill('input[name=did]', 'by-hand');
	await page.fill('input[name=name]', '<b>Gate</b>');
	await page.click('dialog button[type=submit]');
	const secret = await page.inputValue('input[name=secret]');
	assert.ok(secret.length >= 16);
	await page.click('dialog button:has-text("Done")');
	await page.waitForSelector(row('by-hand'));
	assert.equal(await page.textContent(`${row('by-hand')} .name`), '<b>Gate</b>');
	assert.ok(!(await page.content()).includes(secret));
});

test('a did that is taken or malformed is refused in words', async (stage) => {
	stage.expects(/status of 4(00|09) .*\/v2\/devices$/);
	const device = await stage.device('Taken');
	const page = await stage.signedIn();
	await page.click('button:has-text("Add device")');
	await page.fill('input[name=did]', 'a b');
	await page.click('dialog button[type=submit]');
	assert.match(await page.textContent('.failure'), /only letters/);
	await page.fill('input[name=did]', device.did);
	await page.click('dialog button[type=submit]');
	await page.waitForSelector('.failure:has-text("cannot be used")');
});

test('an import shows the refused lines with their numbers', async (stage) => {
	const page = await stage.signedIn();
	await page.click('button:has-text("Import CSV")');
	const csv = 'did,secret,name,kind\nimported-1,secret-secret-1,Yard,camera\nbad did,secret-secret-2,Bad,camera\n';
	await page.setInputFiles('input[name=csv]', { name: 'd.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
	await page.click('dialog button[type=submit]');
	assert.match(await page.textContent('.result'), /^1 added, 0 changed, 1 refused$/);
	assert.equal(await page.textContent('dialog tbody tr td:nth-child(1)'), '3');
	assert.match(await page.textContent('dialog tbody tr td:nth-child(3)'), /only letters/);
	await page.click('dialog button:has-text("Done")');
	await page.waitForSelector(row('imported-1'));
});

test('presence changes on the open page without a reload', async (stage) => {
	const camera = stage.actor(await stage.device('Comes and goes'));
	const page = await stage.signedIn();
	await page.fill('input[name=q]', 'Comes and goes');
	await page.waitForSelector(`${row(camera.device.did)} .presence.never`);
	await camera.start();
	await page.waitForSelector(`${row(camera.device.did)} .presence.online`);
	assert.match(await page.textContent(`${row(camera.device.did)} .presence`), /Online since \d\d:\d\d/);
	await camera.stop();
	await page.waitForSelector(`${row(camera.device.did)} .presence.offline`);
	assert.match(await page.textContent(`${row(camera.device.did)} .presence`), /last seen/);
});

test('search and the online filter narrow the list', async (stage) => {
	for (let i = 0; i < 5; i++) await stage.device(`Bulk ${i}`);
	const online = await stage.camera('Bulk online');
	const page = await stage.signedIn();
	const found = page.waitForResponse((answer) => answer.url().includes('q=bulk'));
	await page.fill('input[name=q]', 'bulk');
	await found;
	await page.waitForFunction(() => document.querySelectorAll('.row').length === 6);
	await page.check('input[name=filter][value=online]');
	await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
	assert.ok(await page.isVisible(row(online.device.did)));
});

test('a phone shows the list and a device without scrolling sideways', async (stage) => {
	const device = await stage.device('A camera with quite a long name over the back door of the shop');
	const page = await stage.signedIn({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
	const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
	await page.waitForSelector('.row');
	assert.ok((await overflow()) <= 0);
	await stage.open(page, device);
	await page.waitForSelector('.tabs');
	assert.ok((await overflow()) <= 0);
});
