// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../src/api';
import { MESSAGE_MAX, SseReader, type Message } from '../src/sse';
import { ago, has, pickLanguage, problemText, setLanguage, t, tOr } from '../src/text';
import { words } from '../src/words';

const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test('both languages have words for everything, with the same holes', () => {
	for (const [key, [english, chinese]] of Object.entries(words)) {
		assert.ok(english.trim() && chinese.trim(), key);
		assert.deepEqual(holes(chinese), holes(english), key);
	}
});

test('the language is the stored one, else the first wish we speak, else English', () => {
	assert.equal(pickLanguage('zh', ['en']), 'zh');
	assert.equal(pickLanguage('xx', ['fr', 'zh-Hant-TW', 'en']), 'zh');
	assert.equal(pickLanguage(null, ['fr', 'en-GB', 'zh']), 'en');
	assert.equal(pickLanguage(null, ['fr']), 'en');
	assert.equal(pickLanguage(null, ['zha']), 'en');
});

test('words change with the language and keep unknown holes', () => {
	setLanguage('zh');
	assert.equal(t('list.online'), '在线');
	setLanguage('en');
	assert.equal(t('list.count', { n: 3 }), '3 shown');
	assert.equal(t('list.count'), '{n} shown');
	assert.equal(tOr('kind.lamp', 'lamp'), 'lamp');
	assert.equal(has('toString'), false);
});

test('a limit of the device is told in words in both languages', () => {
	const limit = (code: number) => problemText(new Problem('device-refused', 422, 'printed by device', code));
	setLanguage('en');
	assert.deepEqual([60002, 60003, 60004, 60005].map(limit),
		['Upper limit reached', 'Lower limit reached', 'Left limit reached', 'Right limit reached']);
	setLanguage('zh');
	assert.equal(limit(60002), '已到达上限位');
	setLanguage('en');
});

test('an unknown code of the device is passed through with its words', () => {
	assert.equal(problemText(new Problem('device-refused', 422, 'lens cap on', 61234)),
		'The device refused: lens cap on (61234)');
});

test('an unknown problem is shown with what the server said', () => {
	assert.equal(problemText(new Problem('strange', 418, 'teapot')), 'Something went wrong: teapot');
});

test('times ago are whole units and never in the future', () => {
	setLanguage('en');
	const now = Date.parse('2024-05-05T12:00:00Z');
	assert.equal(ago('2024-05-05T11:59:30Z', now), '30 seconds ago');
	assert.equal(ago('2024-05-05T11:00:01Z', now), '59 minutes ago');
	assert.equal(ago('2024-05-05T11:00:00Z', now), '1 hour ago');
	assert.equal(ago('2024-05-02T11:00:00Z', now), '3 days ago');
	assert.equal(ago('2024-05-05T12:00:09Z', now), 'now');
});

test('an event stream cut anywhere gives the same messages', () => {
	const text = ': hello\n\nid: 7\nevent: device.connected\ndata: {"a":\ndata: 1}\n\r\ndata:x\r\n\r\nid: 8\n\n';
	const read = (pieces: string[]) => {
		const messages: Message[] = [];
		const reader = new SseReader((message) => messages.push(message));
		for (const piece of pieces) reader.feed(piece);
		return messages;
	};
	const whole = read([text]);
	assert.deepEqual(whole, [{ id: '7', event: 'device.connected', data: '{"a":\n1}' },
		{ id: '7', event: 'message', data: 'x' }]);
	for (let cut = 0; cut <= text.length; cut++)
		assert.deepEqual(read([text.slice(0, cut), text.slice(cut)]), whole, `cut at ${cut}`);
	assert.deepEqual(read([...text]), whole);
});

test('an event at the size limit is read and one past it is refused', () => {
	let got = 0;
	const line = (size: number) => `data:${'x'.repeat(size)}\n`;
	new SseReader((message) => { got = message.data.length; }).feed(`${line(MESSAGE_MAX)}\n`);
	assert.equal(got, MESSAGE_MAX);
	assert.throws(() => new SseReader(() => undefined).feed(line(MESSAGE_MAX + 1)), RangeError);
	const endless = new SseReader(() => undefined);
	assert.throws(() => {
		for (let i = 0; i < 100; i++) endless.feed('x'.repeat(MESSAGE_MAX / 16));
	}, RangeError);
});
