// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from './cases.mjs';
import { look, playing } from './picture.mjs';
import { sleep, until } from './programs.mjs';
import { recorded, streamOf } from './scenes.mjs';

const RECORD_MS = 12000;

const openReplay = (stage, page, device) =>
	page.goto(`${stage.server.http}/#/devices/${encodeURIComponent(device.did)}/replay`);

/** The moment of the recording that the page says it shows. */
const shownAt = (page) => page.getAttribute('.live', 'data-at').then(Number);

test('a recording is found on the bar, played, paused, sped up and sought', async (stage) => {
	const { device, segments } = await recorded(stage, 'Keeps', RECORD_MS);
	const [{ start, end }] = segments;
	const page = await stage.signedIn();
	await openReplay(stage, page, device);
	await page.waitForSelector('.time-bar .block');
	for (let i = 0; i < 9; i++) await page.click('button[aria-label="Zoom in"]');
	assert.equal(await page.locator('.time-bar .block').count(), 1);

	// A press a second after the block's beginning plays from there.
	const box = await page.locator('.time-bar .block').boundingBox();
	await page.mouse.click(box.x + box.width / (end - start) * 1000, box.y + box.height / 2);
	await playing(page);
	const first = await shownAt(page);
	assert.ok(first >= start && first < start + 5000, `shows ${first - start} ms after the recording's start`);
	const before = await look(page);
	await sleep(1500);
	assert.ok((await look(page)).time > before.time);
	const key = await until('there is a stream of the replay', async () =>
		(await stage.server.call('GET', '/v2/streams')).items.find((one) => one.did === device.did && one.replay)?.key);
	assert.match(key, new RegExp(`^${device.did}_replay_1_0_\\d{14}Z_\\d{14}Z$`));

	await page.click('button[aria-label="Pause"]');
	await page.waitForSelector('.live[data-paused=true]');
	const still = await shownAt(page);
	await sleep(1200);
	assert.ok((await shownAt(page)) - still < 300, 'it went on while paused');
	await page.click('button[aria-label="Play"]');
	await page.waitForSelector('.live[data-paused=false]');
	await until('it goes on', async () => (await shownAt(page)) > still + 300);

	// By key: back to where the recording begins, within the replay that runs.
	await page.focus('.time-bar svg');
	await page.keyboard.press('Home');
	await until('it is back', async () => (await shownAt(page)) < start + 2500);
	await playing(page);

	await page.selectOption('select[name=replay-speed]', '4');
	const began = await shownAt(page);
	const from = Date.now();
	await until('four times as fast', async () => (await shownAt(page)) > began + 4000, 5000);
	assert.ok(Date.now() - from < 3500);
	await page.waitForSelector('.begin:has-text("end of the recordings")');
	await until('the camera stopped', async () => !(await streamOf(stage, key))?.publisher);
});

test('a day without recordings, a camera that is away: both say so and what helps', async (stage) => {
	const camera = await stage.camera('Never records');
	const page = await stage.signedIn();
	await openReplay(stage, page, camera.device);
	await page.waitForSelector('[data-nothing=there]:has-text("Nothing was recorded on this day")');
	const date = await page.inputValue('input[name=replay-date]');
	await page.click('button[aria-label="Day before"]');
	await page.waitForFunction((today) => document.querySelector('input[name=replay-date]').value < today, date);
	await page.waitForSelector('[data-nothing=there]');
	assert.ok(await page.isEnabled('button[aria-label="Day after"]'));
	await camera.stop();
	await page.waitForSelector('[data-nothing=offline]:has-text("it is offline")');
});
