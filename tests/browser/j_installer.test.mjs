// SPDX-License-Identifier: Apache-2.0
// After the restart test, and last of all: two hundred cameras stay in this server's list.
import assert from 'node:assert/strict';
import { barriers, tabOrder } from './access.mjs';
import { test } from './cases.mjs';
import { playing } from './picture.mjs';
import { sleep } from './programs.mjs';

const MANY = 200;
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

test('two hundred imported cameras are listed, searched and filtered without waiting', async (stage) => {
	const page = await stage.signedIn();
	await page.click('button:has-text("Import CSV")');
	const rows = Array.from({ length: MANY }, (_, i) => `site-${i + 1},secret-of-camera-${i},Site camera ${i + 1},camera`);
	const csv = `did,secret,name,kind\n${rows.join('\n')}\nbad did,secret-secret-2,Bad,camera\n`;
	await page.setInputFiles('input[name=csv]', { name: 'd.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
	await page.click('dialog button[type=submit]');
	assert.match(await page.textContent('.result'), new RegExp(`^${MANY} added, 0 changed, 1 refused$`));
	assert.equal(await page.textContent('dialog tbody tr td:nth-child(1)'), String(MANY + 2));
	await page.click('dialog button:has-text("Done")');

	await page.fill('input[name=q]', 'site camera');
	await page.waitForFunction((many) => document.querySelectorAll('.row').length === many, MANY);
	const began = Date.now();
	await page.fill('input[name=q]', 'camera 177');
	await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
	await page.fill('input[name=q]', 'site camera');
	await page.waitForFunction((many) => document.querySelectorAll('.row').length === many, MANY);
	await page.check('input[name=filter][value=online]');
	await page.waitForSelector('.empty');
	await page.check('input[name=filter][value=offline]');
	await page.waitForFunction((many) => document.querySelectorAll('.row').length === many, MANY);
	// Four answers of the server, four lists; two waits are for a person who still types.
	assert.ok(Date.now() - began < 4000, `four lists took ${Date.now() - began} ms`);
});

test('a list of more than a page grows on demand and stays whole when something changes', async (stage) => {
	const page = await stage.signedIn();
	const total = (await stage.server.call('GET', '/v2/devices?limit=500')).items.length;
	assert.ok(total > MANY, `${total} devices are not enough for this test`);
	await page.waitForFunction((many) => document.querySelectorAll('.row').length === many, MANY);
	await page.click('button:has-text("Load more")');
	await page.waitForFunction((all) => document.querySelectorAll('.row').length === all, total);
	const camera = await stage.camera('Newcomer');
	await page.waitForSelector(`.row[data-did="${camera.device.did}"] .presence.online`);
	assert.equal(await page.locator('.row').count(), total + 1);
});

test('every page has names, contrast and targets for everybody, wide, dark and on a phone', async (stage) => {
	const camera = await stage.camera('For everybody');
	const away = await stage.device('Away');
	for (const look of [{}, { colorScheme: 'dark' }, PHONE]) {
		const page = await stage.signedIn(look);
		const targetPx = look === PHONE ? 44 : 32;
		const check = async (where) => assert.deepEqual(await barriers(page, { targetPx }), [], where);
		await page.waitForSelector('.row');
		await check('list');
		await page.click('button:has-text("Add device")');
		await page.waitForSelector('dialog[open]');
		await check('add');
		await page.keyboard.press('Escape');
		await stage.open(page, away);
		await page.waitForSelector('.overlay[data-stage]');
		await check('offline');
		await stage.open(page, camera.device);
		await playing(page);
		for (const tab of ['control', 'settings', 'facts', 'events']) {
			await page.click(`#tab-${tab}`);
			await sleep(400);
			await check(tab);
		}
		await page.click('header button:has-text("Sign out")');
		await page.waitForSelector('input[name=token]');
		await check('sign-in');
	}
});

test('the Tab key goes through a device from the top down', async (stage) => {
	const camera = await stage.camera('By keyboard');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await page.waitForSelector('fieldset:not([disabled]) .ring');
	await page.reload();
	await page.waitForSelector('fieldset:not([disabled]) .ring');
	assert.deepEqual(await tabOrder(page, 15), ['Vigil', 'Devices', 'Wall', 'Streams', 'Switch to Chinese', 'Sign out',
		'All devices', 'Live', 'Recordings', 'Pictures', 'Share', 'Sound on', 'Full screen', 'Control', 'Up left']);
});

test('a thumb on the phone turns the camera and nothing scrolls away', async (stage) => {
	const camera = await stage.camera('Thumb');
	const page = await stage.signedIn(PHONE);
	await stage.open(page, camera.device);
	await playing(page);
	const sent = [];
	page.on('request', (request) => {
		const action = request.url().endsWith('/actions') ? request.postDataJSON().data : {};
		if (action.ptz) sent.push(Object.keys(action.ptz)[0]);
	});
	const button = page.locator('[data-direction=right]');
	const box = await button.boundingBox();
	assert.ok(box.width >= 44 && box.height >= 44, 'the button is too small for a thumb');
	assert.ok(box.y + box.height < 844, 'the pad is below the first screen');
	const touch = await page.context().newCDPSession(page);
	const points = (dy) => [{ x: box.x + box.width / 2, y: box.y + box.height / 2 + dy }];
	await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(0) });
	await sleep(500);
	for (let dy = 0; dy < 20; dy += 4) {
		await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: points(-dy) });
		await sleep(30);
	}
	await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
	await sleep(500);
	assert.deepEqual(sent, ['start', 'stop']);
	assert.equal(await page.evaluate(() => window.scrollY), 0);
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
});
