// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem, problemFrom } from '../src/api';
import { changes, CRUISE_PRESETS_MAX, flatten, presetNumbers, withDay } from '../src/config';
import { appendPage, PAGE, plan, profileRows, PROFILE_SHOWN_MAX, readDevices, replaceDevice, REREAD_MAX, SINGLE_READS_MAX } from '../src/devices';
import { feedDelay, parseEvent } from '../src/events';
import { EVENT_PAGES_MAX, EVENTS_PAGE, EVENTS_SHOWN, eventDetail, mergeEvents, readToEnd } from '../src/history';
import { freeIndex, PRESET_MAX, presetsFrom } from '../src/presets';
import { deviceAddress, liveAddress, readRoute, tokenFromPaste, viewAddress } from '../src/route';
import { signInFailure } from '../src/session';
import type { Device, ServerEvent } from '../src/types';

const device = (did: string, name = did) => ({ did, name }) as Device;
const event = (id: number, more: Partial<ServerEvent> = {}): ServerEvent => ({
	id: String(id), cursor: String(id), time: new Date(1700000000000 + id * 1000).toISOString(),
	type: 'device.event', did: 'a', data: {}, ...more,
});

test('the address names the page', () => {
	assert.deepEqual(readRoute(''), { page: 'devices' });
	assert.deepEqual(readRoute('#/devices/00:11.A-b'), { page: 'device', did: '00:11.A-b' });
	assert.deepEqual(readRoute('#signin=abc_-1'), { page: 'sign-in', token: 'abc_-1' });
	assert.deepEqual(readRoute('#view=T&did=cam%3A1'), { page: 'view', token: 'T', did: 'cam:1' });
});

test('an address that makes no sense is the list of devices', () => {
	for (const hash of ['#view=T', '#view=T&did=a/b', '#/devices/%E0%A4%A', '#/devices/a%2Fb', '#signin=', '#x'])
		assert.deepEqual(readRoute(hash), { page: 'devices' }, hash);
});

test('addresses we write are read back', () => {
	assert.deepEqual(readRoute(deviceAddress('a:1.-Z')), { page: 'device', did: 'a:1.-Z' });
	const link = viewAddress('https://x', 'T-_', 'a:1');
	assert.deepEqual(readRoute(new URL(link).hash), { page: 'view', token: 'T-_', did: 'a:1' });
});

test('live goes to the same origin over WebSocket, with a token only for guests', () => {
	assert.equal(liveAddress('http://h:8080', 'a:1'), 'ws://h:8080/live/a%3A1.flv');
	assert.equal(liveAddress('https://h', 'a', { token: 'T+1' }), 'wss://h/live/a.flv?token=T%2B1');
});

test('a pasted link and a pasted token both give the token', () => {
	assert.equal(tokenFromPaste(' http://h:1/#signin=abc \n'), 'abc');
	assert.equal(tokenFromPaste(' abc '), 'abc');
});

test('a spent link is told apart from a wrong token and from a server in trouble', () => {
	const refused = new Problem('unauthenticated', 401, '');
	assert.equal(signInFailure(refused, true), 'used');
	assert.equal(signInFailure(refused, false), 'wrong');
	assert.equal(signInFailure(new Problem('away', 0, ''), true), 'other');
});

test('a problem document is read and anything else still becomes a problem', () => {
	const refused = problemFrom(422, { type: '/problems/device-refused', detail: 'limit', code: 60002, field: 'ptz' });
	assert.deepEqual([refused.problem, refused.code, refused.detail, refused.field],
		['device-refused', 60002, 'limit', 'ptz']);
	assert.equal(problemFrom(502, '<html>').problem, 'internal');
	assert.equal(problemFrom(401, null).problem, 'unauthenticated');
	assert.equal(problemFrom(500, { type: 7, detail: {}, title: [] }).detail, 'HTTP 500');
});

test('settings are flat whether the device nests them or not', () => {
	const flat = { 'image.flip': true, 'alarm.period': { all_day: true }, 'storage.mode': 'continuous' };
	assert.deepEqual(flatten(flat), flat);
	assert.deepEqual(flatten({ image: { flip: true }, alarm: { period: { all_day: true } },
		storage: { mode: 'continuous' } }), flat);
	assert.deepEqual(flatten(null), {});
	assert.deepEqual(flatten([1]), {});
});

test('only changed settings are written', () => {
	const before = { 'image.flip': false, 'alarm.period': { days: [1, 2] }, 'alarm.motion': true };
	const after = { 'image.flip': true, 'alarm.period': { days: [1, 2] }, 'alarm.motion': true };
	assert.deepEqual(changes(before, after), { 'image.flip': true });
	assert.deepEqual(changes(before, before), {});
});

test('a patrol takes preset numbers 1 to 128 and refuses 0 and 129', () => {
	assert.deepEqual(presetNumbers('1, 128,5 7'), [1, 128, 5, 7]);
	assert.deepEqual(presetNumbers(' '), []);
	for (const text of ['0', '129', '1,x', '-1', '1.5']) assert.equal(presetNumbers(text), null, text);
});

test('a patrol has 32 stops at most, at the limit and one past it', () => {
	const stops = (n: number) => Array(n).fill('1').join(',');
	assert.equal(presetNumbers(stops(CRUISE_PRESETS_MAX))?.length, CRUISE_PRESETS_MAX);
	assert.equal(presetNumbers(stops(CRUISE_PRESETS_MAX + 1)), null);
});

test('days are kept in the order of the week, unknown ones too', () => {
	assert.deepEqual(withDay(['sunday', 'monday'], 3, true), ['monday', 'wednesday', 'sunday']);
	assert.deepEqual(withDay(['monday', 'holiday'], 1, false), ['holiday']);
	assert.deepEqual(withDay(undefined, 1, true), ['monday']);
});

test('the log is read to its end and next time from there', async () => {
	const log = [...Array(2 * EVENTS_PAGE + 3)].map((_, i) => event(i + 1));
	const read = async (cursor: string | undefined) => {
		const from = Number(cursor ?? 0);
		const items = log.slice(from, from + EVENTS_PAGE);
		return { items, next: items[items.length - 1]?.cursor ?? null };
	};
	const first = await readToEnd(read, undefined);
	assert.equal(first.events[0]?.id, String(log.length));
	assert.equal(first.cursor, String(2 * EVENTS_PAGE));
	log.push(event(log.length + 1));
	assert.equal((await readToEnd(read, first.cursor)).events[0]?.id, String(log.length));
});

test('a log without end is given up after its last page', async () => {
	let pages = 0;
	const items = [...Array(EVENTS_PAGE)].map((_, i) => event(i));
	await readToEnd(async () => ({ items, next: String(++pages) }), undefined);
	assert.equal(pages, EVENT_PAGES_MAX);
});

test('the lowest free preset number is offered until all 128 are taken', () => {
	const many = (n: number) => [...Array(n)].map((_, i) => ({ index: i + 1, name: '' }));
	assert.equal(freeIndex([{ index: 1, name: '' }, { index: 3, name: '' }]), 2);
	assert.equal(freeIndex(many(PRESET_MAX - 1)), PRESET_MAX);
	assert.equal(freeIndex(many(PRESET_MAX)), null);
});

test('a preset list without order or sense becomes an ordered one', () => {
	assert.deepEqual(presetsFrom({ presets: [{ index: 5, name: 'b' }, { index: 1 }, { index: 0 }, { index: 129 }, null] }),
		[{ index: 1, name: '' }, { index: 5, name: 'b' }]);
	assert.deepEqual(presetsFrom(undefined), []);
	assert.deepEqual(presetsFrom({ presets: 'x' }), []);
});

test('a page of devices is appended without doubles', () => {
	const list = appendPage([device('a'), device('b')], [device('b', 'new'), device('c')]);
	assert.deepEqual(list.map(({ did, name }) => [did, name]), [['a', 'a'], ['b', 'new'], ['c', 'c']]);
	assert.deepEqual(replaceDevice([device('a'), device('b')], device('b', 'x')).map(({ name }) => name), ['a', 'x']);
});

test('a few changed devices are read one by one, many or unknown ones all at once', () => {
	const shown = [...Array(SINGLE_READS_MAX + 1)].map((_, i) => device(`d${i}`));
	const dids = (n: number) => new Set(shown.slice(0, n).map(({ did }) => did));
	assert.deepEqual(plan(shown, new Set(), false), { kind: 'none' });
	assert.equal(plan(shown, dids(SINGLE_READS_MAX), false).kind, 'some');
	assert.equal(plan(shown, dids(SINGLE_READS_MAX + 1), false).kind, 'all');
	assert.equal(plan(shown, new Set(['stranger']), false).kind, 'all');
	assert.equal(plan(shown, dids(1), true).kind, 'all');
});

test('events are shown newest first, once, and not without end', () => {
	const shown = mergeEvents([event(1), event(3)], [event(2), event(3)]);
	assert.deepEqual(shown.map(({ id }) => id), ['3', '2', '1']);
	const many = [...Array(EVENTS_SHOWN + 1)].map((_, i) => event(i));
	assert.equal(mergeEvents([], many.slice(1)).length, EVENTS_SHOWN);
	assert.equal(mergeEvents([], many).length, EVENTS_SHOWN);
	assert.equal(mergeEvents([], many).some(({ id }) => id === '0'), false);
});

test('an event says its name and never an object', () => {
	assert.equal(eventDetail(event(1, { data: { name: 'motion', state: { a: 1 } } })), 'motion');
	assert.equal(eventDetail(event(1, { data: { reason: 'keep-alive' } })), 'keep-alive');
});

test('a profile shows plain values, at the limit and one past it', () => {
	assert.deepEqual(profileRows({ model: 'x', n: 1, on: true, deep: { a: 1 }, list: [] }),
		[['model', 'x'], ['n', '1'], ['on', 'true']]);
	const sized = (n: number) => Object.fromEntries([...Array(n)].map((_, i) => [`k${i}`, i]));
	assert.equal(profileRows(sized(PROFILE_SHOWN_MAX)).length, PROFILE_SHOWN_MAX);
	assert.equal(profileRows(sized(PROFILE_SHOWN_MAX + 1)).length, PROFILE_SHOWN_MAX);
	assert.deepEqual(profileRows(null), []);
});

test('without a stream the console polls every 10 s, and a lost server is tried sooner', () => {
	assert.equal(feedDelay('polling', 0), 10000);
	assert.deepEqual([0, 1, 2, 3, 4, 99].map((n) => feedDelay('away', n)), [500, 1000, 2000, 2000, 2000, 2000]);
});

test('a malformed event is skipped', () => {
	for (const text of ['', '{', 'null', '3', '{"type":1}']) assert.equal(parseEvent(text), null, text);
	assert.equal(parseEvent(JSON.stringify(event(1)))?.id, '1');
});

test('a long list is read again page by page, up to what was shown and to its limit', async () => {
	const all = Array.from({ length: 3 * REREAD_MAX }, (_, i) => device(`d${i}`));
	const read = (cursor: string | undefined) => {
		const from = Number(cursor ?? 0);
		return Promise.resolve({ items: all.slice(from, from + PAGE), next: String(from + PAGE) });
	};
	assert.equal((await readDevices(read, 0)).items.length, PAGE);
	assert.equal((await readDevices(read, PAGE + 1)).items.length, 2 * PAGE);
	assert.equal((await readDevices(read, REREAD_MAX)).items.length, REREAD_MAX);
	assert.equal((await readDevices(read, REREAD_MAX + 1)).items.length, REREAD_MAX);
	assert.equal((await readDevices(read, REREAD_MAX)).next, String(REREAD_MAX));
});

test('why a device went is said in our words, or in the server\'s', () => {
	assert.equal(eventDetail(event(1, { data: { reason: 'keep-alive timed out' } })), 'not heard from');
	assert.equal(eventDetail(event(1, { data: { reason: 'a new one' } })), 'a new one');
});
