// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECTION, Latest, REPEAT_MS, still, stepPad, type Pad, type PadEvent } from '../src/ptz';

function play(events: [number, PadEvent][], from: Pad = still) {
	let pad = from;
	const moves: unknown[] = [];
	for (const [now, event] of events) {
		const result = stepPad(pad, event, now);
		pad = result.pad;
		if (result.move) moves.push(result.move);
	}
	return { pad, moves };
}
const press = (direction: keyof typeof DIRECTION): PadEvent => ({ kind: 'press', direction });
const release = (direction?: keyof typeof DIRECTION): PadEvent =>
	direction ? { kind: 'release', direction } : { kind: 'release' };
const tick: PadEvent = { kind: 'tick' };

test('directions have the numbers of the protocol', () => {
	assert.deepEqual(DIRECTION, { up: 0, down: 1, left: 2, right: 3, upLeft: 4, downLeft: 5, upRight: 6,
		downRight: 7, zoomIn: 8, zoomOut: 9 });
});

test('a press starts and its release stops, once each', () => {
	const { moves, pad } = play([[0, press('left')], [5, press('left')], [300, release('left')], [301, release()]]);
	assert.deepEqual(moves, [{ start: { direction: 2, speed: 1 } }, { stop: {} }]);
	assert.equal(pad.held, null);
});

test('a held button is sent again every two seconds and never after its release', () => {
	const { moves } = play([[0, press('up')], [REPEAT_MS - 1, tick], [REPEAT_MS, tick], [REPEAT_MS + 1, tick],
		[2 * REPEAT_MS, tick], [4100, release('up')], [9000, tick]]);
	const start = { start: { direction: 0, speed: 1 } };
	assert.deepEqual(moves, [start, start, start, { stop: {} }]);
});

test('sliding to another button changes direction, and leaving the first one does not stop it', () => {
	const { moves, pad } = play([[0, press('up')], [100, press('upRight')], [101, release('up')]]);
	assert.deepEqual(moves, [{ start: { direction: 0, speed: 1 } }, { start: { direction: 6, speed: 1 } }]);
	assert.equal(pad.held, 'upRight');
});

test('losing the window releases whatever is held', () => {
	assert.deepEqual(play([[0, press('zoomIn')], [10, release()]]).moves[1], { stop: {} });
	assert.deepEqual(play([[0, release()]]).moves, []);
});

test('a refused start is not repeated but its release still stops', () => {
	const { moves } = play([[0, press('up')], [50, { kind: 'refused' }], [REPEAT_MS, tick], [2500, release('up')]]);
	assert.deepEqual(moves, [{ start: { direction: 0, speed: 1 } }, { stop: {} }]);
});

test('a new speed goes out at once while held and otherwise waits for the next press', () => {
	const held = play([[0, press('down')], [10, { kind: 'speed', speed: 2 }], [20, { kind: 'speed', speed: 2 }]]);
	assert.deepEqual(held.moves[1], { start: { direction: 1, speed: 2 } });
	assert.equal(held.moves.length, 2);
	const free = play([[0, { kind: 'speed', speed: 0 }], [10, press('down')]]);
	assert.deepEqual(free.moves, [{ start: { direction: 1, speed: 0 } }]);
});

test('commands leave one at a time and only the newest waits', async () => {
	const sent: string[] = [];
	const open: (() => void)[] = [];
	const queue = new Latest<string>((item) => {
		sent.push(item);
		return new Promise((done) => open.push(done));
	});
	for (const item of ['start', 'repeat', 'repeat', 'stop']) queue.push(item);
	assert.deepEqual(sent, ['start']);
	open.shift()?.();
	await new Promise((done) => setImmediate(done));
	assert.deepEqual(sent, ['start', 'stop']);
	open.shift()?.();
	await new Promise((done) => setImmediate(done));
	queue.push('again');
	assert.deepEqual(sent, ['start', 'stop', 'again']);
});

test('a command that fails does not hold up the next', async () => {
	const sent: string[] = [];
	const queue = new Latest<string>(async (item) => {
		sent.push(item);
		throw new Error('no');
	});
	queue.push('start');
	queue.push('stop');
	await new Promise((done) => setImmediate(done));
	assert.deepEqual(sent, ['start', 'stop']);
});
