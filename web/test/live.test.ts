// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEALTHY_MS, HIDDEN_MS, idle, step, type Live, type LiveEvent, type Order } from '../src/live/machine';
import { again, retryDelay, SLOW_RETRIES_MAX, stageOf, type Stage } from '../src/live/stage';
import { has } from '../src/text';

function play(events: [number, LiveEvent][], from: Live = idle) {
	let live = from;
	const orders: Order[][] = [];
	for (const [now, event] of events) {
		const result = step(live, event, now);
		live = result.live;
		orders.push(result.orders);
	}
	return { live, orders, last: orders[orders.length - 1] };
}
const closed = (code: number): LiveEvent => ({ kind: 'closed', code, random: 0.5 });
const start: LiveEvent = { kind: 'start' };
const tick: LiveEvent = { kind: 'tick' };

test('close codes 4001 to 4008 name their stage and all others mean the server is away', () => {
	const named = [4001, 4002, 4003, 4004, 4005, 4006, 4007, 4008].map(stageOf);
	assert.deepEqual(named, ['device-offline', 'device-refused', 'no-answer', 'no-push', 'no-key-frame',
		'codec-unsupported', 'denied', 'ended']);
	for (const code of [1000, 1001, 1006, 1012, 4000, 4009]) assert.equal(stageOf(code), 'server-away');
});

test('every stage has words and a remedy', () => {
	for (const stage of Object.keys(again)) {
		assert.ok(has(`stage.${stage}`), stage);
		assert.ok(has(`stage.${stage}.help`), stage);
	}
});

test('slow stages give up after their last retry, at the limit and one past it', () => {
	assert.notEqual(retryDelay('no-push', SLOW_RETRIES_MAX - 1, 0.5), null);
	assert.equal(retryDelay('no-push', SLOW_RETRIES_MAX, 0.5), null);
	assert.equal(retryDelay('denied', 0, 0.5), null);
});

test('retries spread over half their delay and stop growing', () => {
	assert.equal(retryDelay('server-away', 0, 0), 375);
	assert.equal(retryDelay('server-away', 0, 1), 625);
	assert.equal(retryDelay('server-away', 1000, 0.5), 2500);
	assert.ok((retryDelay('server-away', 1000, 1) ?? 9e9) < 4000, 'a page must find its server within 5 s');
	assert.equal(retryDelay('device-offline', 1000, 0.5), 30000);
});

test('the first picture is timed from the connect', () => {
	const { live } = play([[1000, start], [1420, { kind: 'picture' }], [1460, { kind: 'picture' }]]);
	assert.equal(live.phase, 'playing');
	assert.equal(live.firstFrameMs, 420);
});

test('a lost server is tried again with growing patience until it answers', () => {
	const { live, orders } = play([[0, start], [10, closed(1006)], [509, tick], [510, tick], [600, closed(1006)],
		[1599, tick], [1600, tick], [1700, { kind: 'picture' }]]);
	assert.deepEqual(orders, [['disconnect', 'connect'], ['disconnect'], [], ['disconnect', 'connect'],
		['disconnect'], [], ['disconnect', 'connect'], []]);
	assert.equal(live.stage, null);
});

test('a picture that was healthy starts the count anew, a short one does not', () => {
	const after = (playedMs: number) => play([[0, start], [0, closed(1006)], [500, tick], [500, { kind: 'picture' }],
		[500 + playedMs, closed(1006)]]).live.attempt;
	assert.equal(after(HEALTHY_MS), 1);
	assert.equal(after(HEALTHY_MS - 1), 2);
});

test('a device missing after the server came back gets its own patience', () => {
	const seventh: Live = { ...idle, phase: 'connecting', stage: 'server-away', attempt: 6 };
	const { live } = play([[0, closed(4004)]], seventh);
	assert.equal(live.phase, 'waiting');
	assert.equal(live.attempt, 1);
});

test('an offline device is asked again at once when it comes on line', () => {
	const { live, last } = play([[0, start], [5, closed(4001)], [50, { kind: 'online' }]]);
	assert.equal(live.phase, 'connecting');
	assert.deepEqual(last, ['disconnect', 'connect']);
});

test('a denied viewer is not retried but by hand', () => {
	const { live, last } = play([[0, start], [5, closed(4007)], [9e6, tick], [9e6, { kind: 'online' }]]);
	assert.equal(live.phase, 'failed');
	assert.deepEqual(last, []);
	assert.equal(play([[9e6, { kind: 'retry' }]], live).live.phase, 'connecting');
});

test('a hidden page stops after 30 s and goes on when it is seen again', () => {
	const shown = play([[0, start], [100, { kind: 'picture' }], [1000, { kind: 'hidden' }],
		[1000 + HIDDEN_MS - 1, tick]]);
	assert.equal(shown.live.phase, 'playing');
	const paused = play([[1000 + HIDDEN_MS, tick]], shown.live);
	assert.equal(paused.live.phase, 'paused');
	assert.deepEqual(paused.last, ['disconnect']);
	assert.deepEqual(play([[90000, closed(1006)], [99000, tick]], paused.live).orders, [[], []]);
	assert.equal(play([[95000, { kind: 'shown' }]], paused.live).live.phase, 'connecting');
});

test('a page hidden for less than 30 s keeps its picture', () => {
	const { live } = play([[0, start], [1, { kind: 'picture' }], [10, { kind: 'hidden' }], [20000, { kind: 'shown' }],
		[60000, tick]]);
	assert.equal(live.phase, 'playing');
});

test('after stop nothing more is ordered', () => {
	const { live, orders } = play([[0, start], [1, { kind: 'stop' }], [2, closed(1006)], [9e5, tick], [9e5, { kind: 'retry' }]]);
	assert.deepEqual(live, idle);
	assert.deepEqual(orders.slice(1), [['disconnect'], [], [], []]);
});

test('a stalled picture is connected anew', () => {
	const stage: Stage = 'stalled';
	const { live } = play([[0, start], [1, { kind: 'picture' }], [9000, { kind: 'failed', stage, random: 0 }]]);
	assert.equal(live.phase, 'waiting');
	assert.equal(live.retryAtMs, 9375);
});
