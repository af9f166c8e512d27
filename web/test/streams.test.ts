// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRSTS_MAX, nothing, remember, SAMPLES_MAX } from '../src/streams/samples';
import { axis, nearest, rateText, timeMarks } from '../src/streams/scale';
import { resort, rowsOf, sortRows } from '../src/streams/table';
import type { Stream } from '../src/types';

const stream = (did: string, more: Partial<Stream> = {}): Stream => ({
	did, stage: 'playing', publisher: null, viewers: 1, bytes_in: 0, bytes_out: 0, frames: 0, skips: 0, first_frame_ms: 0,
	video: null, audio: null, ...more,
});

test('rates come from what grew between two reads, and a stream that began anew counts nothing', () => {
	let memory = remember(nothing, [stream('a', { bytes_in: 100, bytes_out: 500 })], 1000);
	assert.deepEqual(memory.samples[0], { at: 1000, viewers: 1, in: null, out: null });
	memory = remember(memory, [stream('a', { bytes_in: 2100, bytes_out: 4500 }), stream('b', { bytes_in: 9e9 })], 3000);
	assert.deepEqual(memory.samples[1], { at: 3000, viewers: 2, in: 1000, out: 2000 });
	memory = remember(memory, [stream('a', { bytes_in: 50, bytes_out: 4500 })], 5000);
	assert.deepEqual(memory.samples[2], { at: 5000, viewers: 1, in: 0, out: 0 });
	memory = remember(memory, [], 7000);
	assert.deepEqual(memory.samples[3], { at: 7000, viewers: 0, in: 0, out: 0 });
});

test('a first picture is a point when somebody more watches or its time changes', () => {
	let memory = remember(nothing, [stream('a', { first_frame_ms: 80 })], 0);
	assert.equal(memory.firsts.length, 0);
	memory = remember(memory, [stream('a', { first_frame_ms: 80 }), stream('b', { first_frame_ms: 120 })], 2000);
	memory = remember(memory, [stream('a', { first_frame_ms: 33 }), stream('b', { first_frame_ms: 120 })], 4000);
	memory = remember(memory, [stream('a', { first_frame_ms: 33, viewers: 2 }), stream('b', { viewers: 0 })], 6000);
	memory = remember(memory, [stream('a', { first_frame_ms: 33, viewers: 1 }), stream('b', { viewers: 1 })], 8000);
	assert.deepEqual(memory.firsts, [{ at: 2000, key: 'b', ms: 120 }, { at: 4000, key: 'a', ms: 33 },
		{ at: 6000, key: 'a', ms: 33 }, { at: 8000, key: 'b', ms: 0 }]);
});

test('a page open for days keeps its first and last values within the limit', () => {
	let memory = nothing;
	for (let i = 0; i < SAMPLES_MAX; i++) memory = remember(memory, [], i * 2000);
	assert.equal(memory.samples.length, SAMPLES_MAX);
	memory = remember(memory, [], SAMPLES_MAX * 2000);
	assert.ok(memory.samples.length <= SAMPLES_MAX && memory.samples.length > SAMPLES_MAX / 2);
	assert.equal(memory.samples[0]?.at, 0);
	assert.equal(memory.samples.at(-1)?.at, SAMPLES_MAX * 2000);
	for (let i = 0; i <= FIRSTS_MAX; i++) memory = remember(memory, [stream('a', { first_frame_ms: i + 1 })], 1e7 + i);
	assert.equal(memory.firsts.length, FIRSTS_MAX);
});

test('the table sorts what needs an operator first, then by what was chosen, both ways', () => {
	const streams = [stream('b', { viewers: 9 }), stream('a', { stage: 'failed' }), stream('c', { viewers: 30, stage: 'idle' })];
	const rows = rowsOf(streams, nothing, new Map([['c', 'Alpha']]));
	const order = (sorting: Parameters<typeof sortRows>[1]) => sortRows(rows, sorting).map((row) => row.key).join('');
	assert.equal(order({ column: 'stage', down: false }), 'abc');
	assert.equal(order({ column: 'viewers', down: true }), 'cba');
	assert.equal(order({ column: 'device', down: false }), 'acb');
	assert.deepEqual(resort({ column: 'stage', down: false }, 'viewers'), { column: 'viewers', down: true });
	assert.deepEqual(resort({ column: 'viewers', down: true }, 'viewers'), { column: 'viewers', down: false });
});

test('axes have round steps up to the largest value', () => {
	assert.deepEqual(axis(7, 4), [0, 2, 4, 6, 8]);
	assert.deepEqual(axis(1, 4, true), [0, 1]);
	assert.deepEqual(axis(0, 4, true), [0, 1]);
	assert.deepEqual(axis(210000, 4), [0, 100000, 200000, 300000]);
	assert.deepEqual(axis(0.3, 4), [0, 0.1, 0.2, 0.3]);
	assert.ok((axis(999, 4).at(-1) ?? 0) >= 999);
});

test('rates, marks and the nearest point are what a reader expects', () => {
	assert.deepEqual([0, 950, 104000, 1840000, 2.5e9].map(rateText),
		['0 bit/s', '950 bit/s', '104 kbit/s', '1.8 Mbit/s', '2.5 Gbit/s']);
	assert.deepEqual(timeMarks(1000, 21000, 4), [5000, 10000, 15000, 20000]);
	assert.equal(nearest([{ at: 1 }, { at: 5 }, { at: 9 }], 6.9), 1);
	assert.equal(nearest([], 1), -1);
});
