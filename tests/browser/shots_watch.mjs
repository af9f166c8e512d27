// SPDX-License-Identifier: Apache-2.0
// The pictures of the pages on which is watched: wall, replay, pictures, streams. For shots.mjs.
import { join } from 'node:path';
import { playing } from './picture.mjs';
import { sleep } from './programs.mjs';
import { act, recorded } from './scenes.mjs';

export async function fillWatch(stage) {
	const recorder = await recorded(stage, 'Loading dock', 8000);
	const second = await stage.camera('Stairs');
	for (let i = 0; i < 3; i++) await act(stage, recorder.device.did, { capture: {} }).catch(() => undefined);
	const [{ file }] = recorder.segments;
	await act(stage, recorder.device.did, { upload: { file } }).catch(() => undefined);
	return { recorder, second };
}

export async function shootWatch(stage, page, look, folder, { recorder, second }, away) {
	const keep = (name, whole = false) =>
		page.screenshot({ path: join(folder, `${look}-${name}.png`), fullPage: whole });
	const go = (hash) => page.goto(`${stage.server.http}/#${hash}`);
	await go('/wall?n=4&d=');
	await sleep(300);
	await keep('wall-empty');
	const dids = [recorder.device.did, second.device.did, away.device.did];
	await go(`/wall?n=4&d=${dids.join()}`);
	await page.waitForFunction(() => document.querySelectorAll('.tile[data-phase=playing]').length === 2);
	await sleep(1500);
	await keep('wall');
	await page.click('.wall-page .heading > button:not(.icon)');
	await page.waitForSelector('.choices input');
	await sleep(400);
	await keep('wall-choose');
	await page.keyboard.press('Escape');
	await go('/streams');
	await sleep(2500);
	const watcher = await stage.signedIn();
	for (const { device } of [recorder, second]) {
		await stage.open(watcher, device);
		await playing(watcher);
		await sleep(3000);
	}
	await keep('streams', true);
	await watcher.close();
	await go(`/devices/${recorder.device.did}/replay`);
	await page.waitForSelector('.time-bar .block');
	await page.click('button[aria-label="Zoom in"], button[aria-label="放大时间轴"]');
	for (let i = 0; i < 6; i++) await page.click('button[aria-label="Zoom in"], button[aria-label="放大时间轴"]');
	await sleep(300);
	await keep('replay-begin', true);
	await page.click('.overlay-still button');
	await playing(page).then(() => sleep(1000), () => undefined);
	await keep('replay', true);
	await go(`/devices/${second.device.did}/replay`);
	await page.waitForSelector('[data-nothing]');
	await sleep(300);
	await keep('replay-none');
	await go(`/devices/${recorder.device.did}/stills`);
	await sleep(1500);
	await keep('stills', true);
	if (await page.locator('.still').count()) {
		await page.click('.still >> nth=0');
		await sleep(500);
		await keep('still-large');
		await page.keyboard.press('Escape');
	}
	await go('/devices');
	await page.waitForSelector('.row');
	await sleep(1500);
	await keep('list-thumbs');
}
