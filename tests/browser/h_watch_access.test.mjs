// SPDX-License-Identifier: Apache-2.0
// The pages on which is watched, for everybody: on a phone, in the dark, in Chinese, by keyboard.
import assert from 'node:assert/strict';
import { barriers } from './access.mjs';
import { test } from './cases.mjs';
import { sleep } from './programs.mjs';
import { act, recorded } from './scenes.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const LOOKS = [{}, { colorScheme: 'dark', locale: 'zh-CN' }, PHONE, { ...PHONE, locale: 'zh-CN' }];
/** Names, formats and units that are the same in both languages. */
const SAME = /H\.264|AAC|HLS|Shift|Page Up|Page Down|WebSocket|Vigil|English|kbit\/s|bit\/s|FLV|\d+ ?m?s\b|kB|MB|B\b|127\.0\.0\.1|rec-\d+\.flv|watch-[\w-]+|browser-\d+|ID/g;

/** Latin words in what a Chinese page shows. */
function latin(page) {
	return page.evaluate(() => {
		const scope = document.querySelector('dialog[open]') ?? document.querySelector('#app');
		return scope.innerText;
	}).then((text) => text.replace(SAME, '').match(/[A-Za-z]{3,}/g) ?? []);
}

test('every page to watch on is for everybody, in both languages', async (stage) => {
	const { device, segments } = await recorded(stage, 'watch-dock', 3000);
	await act(stage, device.did, { capture: {} });
	await act(stage, device.did, { upload: { file: segments[0].file } });
	for (const look of LOOKS) {
		const page = await stage.signedIn(look);
		const targetPx = look.isMobile ? 44 : 32;
		const check = async (where) => {
			assert.deepEqual(await barriers(page, { targetPx }), [], where);
			const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
			assert.ok(over <= 0, `${where} is ${over} px too wide`);
			if (look.locale === 'zh-CN') assert.deepEqual(await latin(page), [], where);
		};
		const go = (path) => page.goto(`${stage.server.http}/#${path}`);
		await go(`/wall?n=4&d=${device.did}`);
		await page.waitForSelector('.tile[data-phase=playing]');
		await check('wall');
		await page.click('.wall-page .heading > button:not(.icon)');
		await page.fill('input[name=wall-q]', 'watch-dock');
		await page.waitForFunction(() => document.querySelectorAll('.choices input').length === 1);
		await check('choose');
		await page.keyboard.press('Escape');
		await go('/streams');
		await page.waitForSelector('.plot .line', { state: 'attached' });
		await page.waitForSelector('.streams tbody tr');
		await check('streams');
		await go(`/devices/${device.did}/replay`);
		await page.waitForSelector('.time-bar .block');
		await check('replay');
		await go(`/devices/${device.did}/stills`);
		await page.waitForSelector('.still img');
		await page.waitForSelector('tr[data-file]');
		await check('stills');
		await page.click('.still');
		await page.waitForSelector('dialog .large img');
		await sleep(200);
		await check('still');
		await page.context().close();
	}
});
