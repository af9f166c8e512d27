// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from './cases.mjs';
import { playsOverHttp, withoutMediaSource } from './mse.mjs';
import { difference, look, playing, turn } from './picture.mjs';
import { sleep, until } from './programs.mjs';
import { streamOf } from './scenes.mjs';

test('the picture plays with moving time and changing pixels', async (stage) => {
	const camera = await stage.camera('Plays');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await playing(page);
	const before = await look(page);
	await sleep(2000);
	const after = await look(page);
	assert.ok(after.time - before.time > 1, `currentTime went ${after.time - before.time} s in 2 s`);
	assert.ok(difference(before, after) > 0, 'the picture stands still');
	assert.ok(Math.max(...after.grey) - Math.min(...after.grey) > 30, 'the picture is blank');
	assert.match(await page.textContent('.first-frame'), /^First picture after \d+ ms$/);
});

test('the same picture plays over plain HTTP', async (stage) => {
	const camera = await stage.camera('Over HTTP');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await playing(page);
	const { type, size, tags } = await page.evaluate(async (did) => {
		const cut = new AbortController();
		const answer = await fetch(`/live/${did}.flv`, { signal: cut.signal });
		const reader = answer.body.getReader();
		const bytes = [];
		while (bytes.length < 20000) bytes.push(...(await reader.read()).value);
		cut.abort();
		// Tag by tag: what does not follow the format ends the walk early.
		const kinds = new Set();
		let at = 13;
		for (; at + 11 < bytes.length; at += 11 + 4 + (bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]))
			kinds.add(bytes[at]);
		return { type: answer.headers.get('content-type'), size: bytes.length, tags: [...kinds].sort(),
			head: String.fromCharCode(...bytes.slice(0, 3)) };
	}, camera.device.did);
	assert.equal(type, 'video/x-flv');
	assert.ok(size >= 20000);
	assert.ok(tags.includes(9) && tags.every((kind) => [8, 9, 18].includes(kind)), `tags ${tags}`);
});

test('chromium plays HTTP-FLV with moving time', async (stage) => {
	const camera = await stage.camera('Plain HTTP');
	const page = await stage.signedIn();
	const times = await playsOverHttp(stage, page, `/live/${camera.device.did}.flv`);
	assert.equal(times.length, 5, `the time moved to ${times}`);
	assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]));
});

test('the stream is described under its picture', async (stage) => {
	const camera = await stage.camera('Described');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await playing(page);
	const fact = (name) => page.textContent(`[data-fact=${name}]`);
	await page.waitForSelector('[data-fact=rate]');
	assert.match(await fact('codec'), /^H\.264$/);
	assert.equal(await fact('size'), '640 × 360');
	assert.match(await fact('viewers'), /^1 watching$/);
	assert.match(await fact('behind'), /^\d+\.\d s behind$/);
	assert.ok(Number.parseFloat(await fact('behind')) < 3);
	const kilobits = () => fact('rate').then((text) => Number(text.replace(/[^\d]/g, '')));
	await sleep(2500);
	const { bits_per_second } = await streamOf(stage, camera.device.did);
	const shown = await kilobits();
	// Two windows of a few seconds may hold a key frame more or less.
	assert.ok(shown * 1000 > bits_per_second / 3 && shown * 1000 < bits_per_second * 3, `${shown} kbit/s, server ${bits_per_second} bit/s`);
});

test('a picture that loads says how far it is, then what is wrong and what helps', async (stage) => {
	const camera = await stage.camera('Silent', ['--fault', 'no-push']);
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await page.waitForSelector('.overlay[data-wait=answered]');
	assert.match(await page.textContent('.overlay'), /The camera agreed, waiting for its stream/);
	const elapsed = async () => Number.parseFloat(await page.textContent('.elapsed'));
	const before = await elapsed();
	await sleep(1000);
	assert.ok((await elapsed()) - before > 0.5);
	await page.waitForSelector('.overlay[data-stage=no-push]');
	assert.match(await page.textContent('.overlay'), /firewall/);
	await page.click('.overlay button:has-text("Try again")');
	await page.waitForSelector('.live[data-phase=connecting]');
});

test('a browser without Media Source Extensions plays HLS', async (stage) => {
	stage.expects(/status of 404 .*\.m(4s|3u8)/);
	const camera = await stage.camera('For phones');
	const page = await stage.signedIn({}, withoutMediaSource);
	await stage.open(page, camera.device);
	await playing(page);
	assert.equal(await page.textContent('[data-fact=behind]'), 'HLS');
	const before = await look(page);
	await sleep(3000);
	const after = await look(page);
	assert.ok(after.time - before.time > 1.5, `currentTime went ${after.time - before.time} s in 3 s`);
	assert.ok(difference(before, after) > 0, 'the picture stands still');
});

test('an offline device says so in words, and its picture comes by itself', async (stage) => {
	const camera = stage.actor(await stage.device('Late'));
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await page.waitForSelector('.overlay[data-stage=device-offline]');
	assert.equal(await page.textContent('.overlay .stage'), 'The device is offline');
	assert.ok(await page.isEnabled('.overlay button:has-text("Try again")'));
	await camera.start();
	await playing(page);
});

test('holding a direction moves the view and letting go stops it', async (stage) => {
	const camera = await stage.camera('Turns');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await playing(page);
	const start = await look(page);
	await sleep(2500);
	const still = difference(start, await look(page));
	await turn(page, 'right', 1500);
	const turned = await look(page);
	const moved = difference(start, turned);
	assert.ok(moved > 2 * still + 2, `moved ${moved}, while standing still is ${still}`);
	await sleep(2500);
	const rest = difference(turned, await look(page));
	assert.ok(rest < moved / 2, `still moving after release: ${rest} of ${moved}`);
});

test('a held button is sent again every two seconds and a key works like a finger', async (stage) => {
	const camera = await stage.camera('Held');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await page.waitForSelector('fieldset:not([disabled]) .ring');
	const sent = [];
	page.on('request', (request) => {
		const action = request.url().endsWith('/actions') ? request.postDataJSON().data : {};
		if (action.ptz) sent.push(Object.keys(action.ptz)[0]);
	});
	await page.check('input[name=speed] >> nth=0'); // so that the limit is not reached
	await page.focus('[data-direction=right]');
	await page.keyboard.down('Enter');
	await sleep(4500);
	await page.keyboard.up('Enter');
	await until('stop is sent', () => sent.includes('stop'));
	assert.deepEqual(sent, ['start', 'start', 'start', 'stop']);
});

test('a limit of the camera is told in words', async (stage) => {
	stage.expects(/status of 422 .*\/actions$/);
	const camera = await stage.camera('Limited');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await page.waitForSelector('fieldset:not([disabled]) .ring');
	await page.check('input[name=speed] >> nth=2');
	const words = '[data-words=ptz]:has-text("Upper limit reached")';
	for (let tries = 0; tries < 10 && !(await page.isVisible(words)); tries++) await turn(page, 'up', 2200);
	assert.ok(await page.isVisible(words));
});

test('a preset is saved, listed, gone to and removed', async (stage) => {
	const camera = await stage.camera('Remembers');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await playing(page);
	const home = await look(page);
	await page.fill('input[name=preset-index]', '7');
	await page.fill('input[name=preset-name]', 'Door');
	await page.click('button:has-text("Save position")');
	await page.waitForSelector('[data-preset="7"]:has-text("Door")');
	await page.check('input[name=speed] >> nth=2');
	await turn(page, 'right', 1500); // before it is sent again, which may meet the limit
	const away = difference(home, await look(page));
	await page.click('[data-preset="7"]');
	await page.waitForSelector('text=Going to Door');
	await until('the view is back', async () => difference(home, await look(page)) < away / 2, 20000, 500);
	await page.click('button[aria-label="Remove Door"]');
	await page.click('dialog button.danger');
	await page.waitForSelector('[data-preset="7"]', { state: 'detached' });
});

test('settings are read from the device, written and kept', async (stage) => {
	const camera = await stage.camera('Set');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await page.click('#tab-settings');
	const flip = 'input[name="image.flip"]';
	const before = await page.isChecked(flip);
	await page.setChecked(flip, !before);
	await page.selectOption('select[name="image.day_night"]', 'night');
	await page.click('#panel button:has-text("Save")');
	await page.waitForSelector('#panel [role=status]:has-text("Saved")');
	await page.reload();
	await page.click('#tab-settings');
	assert.equal(await page.isChecked(flip), !before);
	assert.equal(await page.inputValue('select[name="image.day_night"]'), 'night');
});

test('what happens to a device is listed on its page', async (stage) => {
	const camera = await stage.camera('Storied');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await page.click('#tab-events');
	await page.waitForSelector('.events li:has-text("Connected")');
	await camera.stop();
	await page.waitForSelector('.events li:has-text("Disconnected")');
});

test('a view link shows the picture of its device and nothing else', async (stage) => {
	stage.expects(/status of 401 .*\/v2\/devices$/);
	const camera = await stage.camera('Shared');
	const other = await stage.camera('Private');
	const page = await stage.signedIn();
	await stage.open(page, camera.device);
	await page.click('button:has-text("Share")');
	await page.click('button:has-text("Make link")');
	const link = await page.inputValue('input[name=view-link]');

	const guest = await stage.page();
	await guest.goto(link);
	await playing(guest);
	assert.equal(await guest.locator('.top, .tabs, .ptz, .rows').count(), 0);
	assert.equal(await guest.evaluate(async () => (await fetch('/v2/devices')).status), 401);

	const curious = await stage.page();
	await curious.goto(link.replace(/did=[^&]*/, `did=${other.device.did}`));
	await curious.waitForSelector('.overlay[data-stage=denied]');
});
