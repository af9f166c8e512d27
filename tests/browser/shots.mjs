// SPDX-License-Identifier: Apache-2.0
// node shots.mjs FOLDER: a picture of every page, wide and on a phone, light, dark and Chinese, to be looked at by people.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Stage } from './fixture.mjs';
import { playing } from './picture.mjs';
import { sleep } from './programs.mjs';
import { fillWatch, shootWatch } from './shots_watch.mjs';

const LOOKS = {
	wide: {},
	dark: { colorScheme: 'dark' },
	phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
	chinese: { locale: 'zh-CN', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};
const MANY = 200;
const PLACES = ['Front gate', 'Back yard', 'Loading dock', 'Stairs', 'Car park', 'Cold store', 'Office', 'Till'];

async function fill(stage) {
	const rows = Array.from({ length: MANY }, (_, i) =>
		`site-${String(i + 1).padStart(4, '0')},secret-of-a-camera-${i},${PLACES[i % PLACES.length]} ${i + 1},camera`);
	await stage.server.importCsv(`did,secret,name,kind\n${rows.join('\n')}\n`);
	const camera = await stage.camera('Front gate');
	const away = await stage.camera('Back yard');
	await away.stop();
	const act = (data) => stage.server.call('POST', `/v2/devices/${camera.device.did}/actions`, { data });
	for (const [index, name] of [[1, 'Gate'], [2, 'Street to the left'], [7, 'Door']]) await act({ preset: { set: { index, name } } });
	return { camera, away, watch: await fillWatch(stage) };
}

async function shoot(stage, look, folder, scene) {
	const page = await stage.signedIn(LOOKS[look]);
	const keep = (name, whole = false) =>
		page.screenshot({ path: join(folder, `${look}-${name}.png`), fullPage: whole });
	await page.waitForSelector('.row');
	await keep('list');
	await page.fill('input[name=q]', 'dock');
	await sleep(600);
	await keep('search');
	await page.click('.heading button.primary');
	await page.fill('input[name=did]', 'gate 7');
	await page.click('dialog button[type=submit]');
	await page.waitForSelector('.failure');
	await keep('add');
	await page.keyboard.press('Escape');
	await page.click('.heading button:not(.primary)');
	const csv = 'did,secret,name,kind\nnew-1,secret-secret-1,Yard,camera\nbad did,secret-secret-2,Bad,camera\nnew-2,s,Bad,lamp\n';
	await page.setInputFiles('input[name=csv]', { name: 'd.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
	await page.click('dialog button[type=submit]');
	await page.waitForSelector('.result');
	await keep('import');
	await stage.open(page, scene.camera.device);
	await page.keyboard.press('Escape');
	await playing(page);
	await sleep(1500);
	await keep('device');
	await keep('device-whole', true);
	for (const tab of ['settings', 'facts', 'events']) {
		await page.click(`#tab-${tab}`);
		await sleep(500);
		await keep(tab, true);
	}
	await page.click('.way button');
	await page.click('dialog button[type=submit]');
	await page.waitForSelector('input[name=view-link]');
	await keep('share');
	const link = await page.inputValue('input[name=view-link]');
	await stage.open(page, scene.away.device);
	await page.waitForSelector('.overlay[data-stage]');
	await keep('offline');
	await shootWatch(stage, page, look, folder, scene.watch, scene.away);
	const guest = await stage.page(LOOKS[look]);
	await guest.goto(link);
	await playing(guest);
	await guest.screenshot({ path: join(folder, `${look}-guest.png`) });
	const stranger = await stage.page(LOOKS[look]);
	await stranger.goto(stage.server.firstLink());
	await stranger.waitForSelector('.failure, h1:text-is("Devices"), h1:text-is("设备")');
	await stranger.screenshot({ path: join(folder, `${look}-sign-in.png`) });
}

const folder = resolve(process.argv[2] ?? 'shots');
mkdirSync(folder, { recursive: true });
const stage = await Stage.open();
try {
	const scene = await fill(stage);
	const spent = await stage.page();
	await spent.goto(stage.server.firstLink());
	await spent.waitForSelector('.row');
	for (const look of Object.keys(LOOKS)) await shoot(stage, look, folder, scene);
} finally {
	await stage.close();
}
