// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from './cases.mjs';

test('the link of the first start signs in once and only once', async (stage) => {
	const link = stage.server.firstLink();
	assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/#signin=[A-Za-z0-9_-]{1,64}$/);
	const first = await stage.page();
	await first.goto(link);
	await first.waitForSelector('h1:text-is("Devices")');
	assert.ok(!first.url().includes('signin'), 'the token stays in the address');

	const second = await stage.page();
	await second.goto(link);
	assert.match(await second.textContent('.failure'), /has been used/);
	assert.equal(await second.textContent('.note code'), 'vigil sign-in-link');
});

test('a pasted link signs in, and sign-out ends the session', async (stage) => {
	const page = await stage.page();
	await page.goto(stage.server.http);
	await page.fill('input[name=token]', await stage.server.signInLink());
	await page.click('button[type=submit]');
	await page.waitForSelector('h1:text-is("Devices")');
	await page.click('header button:has-text("Sign out")');
	await page.waitForSelector('input[name=token]');
	stage.expects(/status of 401 .*\/v2\/devices$/);
	assert.equal(await page.evaluate(async () => (await fetch('/v2/devices')).status), 401);
});

test('a wrong token is refused in words', async (stage) => {
	const page = await stage.page();
	await page.goto(stage.server.http);
	await page.fill('input[name=token]', 'not-a-token');
	await page.click('button[type=submit]');
	assert.match(await page.textContent('.failure'), /not valid/);
});

test('a Chinese browser gets Chinese words and can switch to English', async (stage) => {
	const page = await stage.signedIn({ locale: 'zh-CN' });
	assert.equal(await page.textContent('h1'), '设备');
	assert.equal(await page.getAttribute('html', 'lang'), 'zh');
	await page.click('button[aria-label="切换为英文"]');
	assert.equal(await page.textContent('h1'), 'Devices');
	await page.reload();
	await page.waitForSelector('h1:text-is("Devices")');
});
