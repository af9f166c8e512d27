// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../src/api';
import { codecName, supportedCodecs } from '../src/live/codecs';
import { CONNECT_MAX_MS, idle, step } from '../src/live/machine';
import { Meter } from '../src/live/meter';
import { stageOfProblem } from '../src/live/stage';
import { liveAddress, playlistAddress, readRoute } from '../src/route';
import { localPath, mergeByName, sizeText } from '../src/stills';
import { LAYOUTS, readWall, relayout, shown, TILES_MAX, tidy, toggle, turnPage, writeWall, type Wall } from '../src/wall/choice';

const wall = (layout: 1 | 4 | 9 | 16, count: number, from = 0): Wall =>
	({ layout, dids: Array.from({ length: count }, (_, i) => `cam-${i}`), from });

test('a wall is read as it was written, in every layout', () => {
	for (const layout of LAYOUTS) {
		const one = tidy(wall(layout, 10, 4));
		assert.deepEqual(readWall(writeWall(one)), one);
	}
	assert.equal(readWall(''), null);
	assert.equal(readWall('x=1'), null);
	assert.deepEqual(readWall('n=7&d=a,b&from=x'), { layout: 4, dids: ['a', 'b'], from: 0 });
});

test('what is no device, comes twice or is one too many does not hang on the wall', () => {
	assert.deepEqual(readWall('n=4&d=a,a,<b>,c')?.dids, ['a', 'c']);
	assert.equal(tidy(wall(16, TILES_MAX)).dids.length, TILES_MAX);
	assert.equal(tidy(wall(16, TILES_MAX + 1)).dids.length, TILES_MAX);
});

test('a full wall takes no more but lets go', () => {
	const full = tidy(wall(16, TILES_MAX));
	assert.equal(toggle(full, 'one-more'), full);
	const room = toggle(full, 'cam-3');
	assert.equal(room.dids.length, TILES_MAX - 1);
	assert.equal(toggle(room, 'one-more').dids.at(-1), 'one-more');
});

test('pages of a wall begin at multiples of its layout and end with the last device', () => {
	let now = tidy(wall(4, 9));
	assert.deepEqual(shown(now), ['cam-0', 'cam-1', 'cam-2', 'cam-3']);
	now = turnPage(turnPage(turnPage(now, 1), 1), 1);
	assert.deepEqual(shown(now), ['cam-8']);
	assert.equal(relayout(now, 9).from, 0);
	assert.equal(turnPage(tidy(wall(4, 9)), -1).from, 0);
	assert.deepEqual(shown(toggle(now, 'cam-8')), ['cam-4', 'cam-5', 'cam-6', 'cam-7']);
});

test('every page has its address and what is unknown is the list', () => {
	assert.deepEqual(readRoute('#/devices/a%3Ab/replay'), { page: 'replay', did: 'a:b' });
	assert.deepEqual(readRoute('#/devices/cam/stills'), { page: 'stills', did: 'cam' });
	assert.deepEqual(readRoute('#/devices/cam/other'), { page: 'devices' });
	assert.deepEqual(readRoute('#/wall?n=4&d=a,b'), { page: 'wall', search: 'n=4&d=a,b' });
	assert.deepEqual(readRoute('#/streams'), { page: 'streams' });
});

test('live addresses carry the token and what the browser shows', () => {
	assert.equal(liveAddress('https://h', 'a:b', { token: 't&', codecs: 'avc1,mp4a' }),
		'wss://h/live/a%3Ab.flv?token=t%26&codecs=avc1%2Cmp4a');
	assert.equal(liveAddress('http://h:1', 'c', { token: undefined }), 'ws://h:1/live/c.flv');
	assert.equal(playlistAddress('http://h', 'c', { token: 't' }), 'http://h/live/c.m3u8?token=t');
});

test('the server is told what both the browser and the player understand', () => {
	const chromium = (type: string) => !/hvc1|hev1/.test(type);
	assert.equal(supportedCodecs(chromium), 'avc1,av01,mp4a,mp3,opus');
	assert.equal(supportedCodecs(chromium, ['av01', 'opus']), 'avc1,mp4a,mp3');
	assert.deepEqual(['avc1.64001f', 'hvc1.1.6', 'av01.0', 'mp4a.40.2', 'odd'].map(codecName),
		['H.264', 'H.265', 'AV1', 'AAC', 'odd']);
});

test('a rate is measured over the last four seconds', () => {
	const meter = new Meter();
	for (let at = 0; at < 1000; at += 50) meter.add(1000, at);
	assert.equal(meter.bits(900), null);
	assert.equal(meter.bits(1000), 160000);
	for (let at = 1000; at <= 10000; at += 50) meter.add(1000, at);
	assert.ok(Math.abs((meter.bits(10000) ?? 0) - 160000) < 8000);
	assert.equal(meter.bits(20000), 0);
	meter.reset();
	assert.equal(meter.bits(20000), null);
});

test('a playlist that fails names its stage as a close code would', () => {
	const stage = (name: string) => stageOfProblem(new Problem(name, 400, ''));
	assert.deepEqual(['device-offline', 'no-push', 'codec-unsupported', 'device-timeout', 'not-found', 'busy'].map(stage),
		['device-offline', 'no-push', 'codec-unsupported', 'no-answer', 'denied', 'server-away']);
});

test('a tile out of sight asks for nothing before it is seen and stops soon after', () => {
	const hidden = step(idle, { kind: 'hidden' }, 0).live;
	const begun = step(hidden, { kind: 'start', hiddenMs: 1000 }, 1);
	assert.equal(begun.live.phase, 'paused');
	assert.deepEqual(begun.orders, []);
	const seen = step(begun.live, { kind: 'shown' }, 50);
	assert.deepEqual([seen.live.phase, seen.orders], ['connecting', ['disconnect', 'connect']]);
	const playing = step(seen.live, { kind: 'picture' }, 100).live;
	const away = step(playing, { kind: 'hidden' }, 5000).live;
	assert.equal(step(away, { kind: 'tick' }, 5999).live.phase, 'playing');
	assert.deepEqual(step(away, { kind: 'tick' }, 6000).orders, ['disconnect']);
});

test('a connection that says nothing is given up after a minute and tried again', () => {
	const begun = step(idle, { kind: 'start' }, 0).live;
	assert.equal(step(begun, { kind: 'tick' }, CONNECT_MAX_MS - 1).live.phase, 'connecting');
	const late = step(begun, { kind: 'tick' }, CONNECT_MAX_MS).live;
	assert.deepEqual([late.phase, late.stage], ['waiting', 'server-away']);
});

test('pictures are asked for at this very server, whatever name it calls itself', () => {
	assert.equal(localPath('/v2/storage/file/a/b.jpeg', 'http://h'), '/v2/storage/file/a/b.jpeg');
	assert.equal(localPath('https://public.example/v2/x.jpeg?y=1', 'http://h'), '/v2/x.jpeg?y=1');
	assert.equal(localPath('http://[', 'http://h'), '');
});

test('pages of pictures join newest first without doubles', () => {
	const still = (name: string, second: number) => ({ name, time: new Date(second * 1000).toISOString() });
	const both = mergeByName([still('b', 2), still('a', 1)], [still('c', 3), still('a', 1), still('d', 3)]);
	assert.deepEqual(both.map((one) => one.name), ['d', 'c', 'b', 'a']);
});

test('sizes are short', () => {
	assert.deepEqual([0, 999, 1000, 1449000, 12e6, 3.4e9].map(sizeText), ['0 B', '999 B', '1.0 kB', '1.4 MB', '12 MB', '3.4 GB']);
});
