// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeSpeed, position, replayKey, seekTo, type Anchor } from '../src/replay/session';
import { advance, dateText, dayOf, join, neighbour, pan, playableFrom, readSegments, reveal, SEGMENTS_MAX, segmentAt,
	SPAN_MIN_MS, ticks, totalMs, zoom, type Segment, type Span } from '../src/replay/timeline';

const HOUR = 3600000;
const day: Span = { from: 0, to: 24 * HOUR };
const seg = (start: number, end: number, type = 1): Segment => ({ start, end, type });
const answer = (segments: unknown) => ({ segment: { find: { params: {}, segments } } });

test('a day is the browser’s own and a text that is none is refused', () => {
	const may = dayOf('2024-05-31') as Span;
	assert.equal(new Date(may.from).getHours(), 0);
	assert.equal(dateText(may.from), '2024-05-31');
	assert.equal(dateText(may.from, 1), '2024-06-01');
	assert.equal(dateText(may.to, -1), '2024-05-31');
	for (const text of ['', '2024-02-30', '2024-13-01', 'today', '24-1-1']) assert.equal(dayOf(text), null, text);
});

test('what a device answers is sorted, clipped to the day and cleared of nonsense', () => {
	const segments = [{ start: 5000, end: 9000, type: 2, file: 'a.flv' }, { start: -50, file: 7, end: 1000 }, { start: 9, end: 3 }, null,
		{ start: 'x', end: 2 }, { start: '1970-01-01T00:00:02Z', end: 4000, type: 1 }];
	assert.deepEqual(readSegments(answer(segments), day), [seg(0, 1000), seg(2000, 4000),
		{ ...seg(5000, 9000, 2), file: 'a.flv' }]);
	assert.deepEqual(readSegments({}, day), []);
	assert.deepEqual(readSegments(answer('none'), day), []);
});

test('a device that answers without end is cut at the limit', () => {
	const many = (count: number) => Array.from({ length: count }, (_, i) => ({ start: i * 10, end: i * 10 + 5, type: 1 }));
	assert.equal(readSegments(answer(many(SEGMENTS_MAX)), day).length, SEGMENTS_MAX);
	assert.equal(readSegments(answer(many(SEGMENTS_MAX + 1)), day).length, SEGMENTS_MAX);
});

test('minutes that follow each other are one block, other types and gaps are not', () => {
	const list = [seg(0, 60000), seg(60500, 120000), seg(120000, 130000, 2), seg(140000, 150000)];
	assert.deepEqual(join(list), [seg(0, 120000), seg(120000, 130000, 2), seg(140000, 150000)]);
	assert.equal(list[0]?.end, 60000);
	assert.equal(totalMs(list), 60000 + 59500 + 10000 + 10000);
});

test('a press on a gap plays what comes next, and nothing after the last', () => {
	const list = [seg(1000, 2000), seg(5000, 6000)];
	assert.deepEqual([0, 1500, 2000, 5999, 6000].map((at) => playableFrom(list, at)), [1000, 1500, 5000, 5999, null]);
	assert.equal(segmentAt(list, 3000), null);
	assert.equal(segmentAt(list, 5000), list[1]);
});

test('next and before go from block to block', () => {
	const list = [seg(0, 10000), seg(10000, 20000), seg(50000, 60000)];
	assert.equal(neighbour(list, 5000, 1), 50000);
	assert.equal(neighbour(list, 55000, -1), 50000);
	assert.equal(neighbour(list, 51000, -1), 0);
	assert.equal(neighbour(list, 50000, 1), null);
	assert.equal(neighbour(list, 0, -1), null);
});

test('time passes only where something is recorded', () => {
	const list = [seg(0, 1000), seg(5000, 6000)];
	assert.deepEqual([0, 999, 1000, 1001, 2000, 9000].map((ms) => advance(list, 0, ms)), [0, 999, 1000, 5001, 6000, 6000]);
	assert.equal(advance(list, 3000, 10), 5010);
	assert.equal(advance([], 3000, 10), 3000);
});

test('a zoom keeps the time under the pointer and stays in the day', () => {
	const closer = zoom(day, 0.5, 6 * HOUR, day);
	assert.deepEqual(closer, { from: 3 * HOUR, to: 15 * HOUR });
	assert.deepEqual(zoom(closer, 4, 6 * HOUR, day), day);
	const closest = zoom(day, 1e-9, 24 * HOUR, day);
	assert.equal(closest.to - closest.from, SPAN_MIN_MS);
	assert.equal(closest.to, day.to);
	assert.deepEqual(pan(closer, -9 * HOUR, day), { from: 0, to: 12 * HOUR });
	assert.deepEqual(pan(closer, 99 * HOUR, day), { from: 12 * HOUR, to: 24 * HOUR });
	assert.equal(reveal(closer, 4 * HOUR, day), closer);
	assert.deepEqual(reveal(closer, 20 * HOUR, day), { from: 12 * HOUR, to: 24 * HOUR });
});

test('marks stand on round times and not closer than asked', () => {
	const marks = ticks(day, day, 1200, 64);
	assert.equal(marks[1], 2 * HOUR);
	assert.equal(marks.length, 13);
	const close = ticks({ from: 61000, to: 121000 }, day, 300, 64);
	assert.deepEqual(close, [90000, 120000]);
});

test('a replay’s key has whole seconds of UTC and is never empty', () => {
	const choice = { did: 'cam', channel: 2, stream: 1 };
	const at = Date.UTC(2020, 6, 25, 11, 22, 33, 900);
	assert.equal(replayKey(choice, at, at + 1), 'cam_replay_2_1_20200725112233Z_20200725112234Z');
	assert.equal(replayKey(choice, at, at + 100000), 'cam_replay_2_1_20200725112233Z_20200725112414Z');
	assert.equal(replayKey(choice, at, at), 'cam_replay_2_1_20200725112233Z_20200725112234Z');
});

test('the moment shown follows the player’s time, its speed and the gaps', () => {
	const list = [seg(0, 10000), seg(60000, 90000)];
	const start: Anchor = { media: 2, at: 0, speed: 1, was: 0 };
	assert.equal(position(start, 5, list), 3000);
	assert.equal(position(start, 15, list), 63000);
	const fast = changeSpeed(start, 4, 4, 5, list);
	assert.equal(position(fast, 4.5, list), 2000);
	assert.equal(position(fast, 6, list), 7000);
	const away = seekTo(fast, 70000, 6);
	assert.equal(position(away, 5.5, list), 70000);
	assert.equal(position(away, 7, list), 74000);
});
