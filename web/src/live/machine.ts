// SPDX-License-Identifier: Apache-2.0
// The life of one live picture as a pure machine: events and the time go in, state and orders come out.
//
//   idle -start-> connecting -picture-> playing
//   connecting, playing -closed-> waiting (a retry is due) or failed (only a person can help)
//   waiting -tick-> connecting;  failed -retry, online-> connecting
//   any but idle -tick, hidden for hiddenMs-> paused -shown-> connecting
import { again, retryDelay, stageOf, type Stage } from './stage';

/** What `start` usually asks for; a wall of pictures has less patience. */
export const HIDDEN_MS = 30000;
/** The server says within 30 s why there is no picture; who hears nothing for longer lost the way to it. */
export const CONNECT_MAX_MS = 60000;
/** A picture that lived this long was healthy: the next failure starts counting anew. */
export const HEALTHY_MS = 10000;

export interface Live {
	phase: 'idle' | 'connecting' | 'playing' | 'waiting' | 'failed' | 'paused';
	stage: Stage | null;
	attempt: number;
	startedMs: number;
	playingMs: number;
	firstFrameMs: number | null;
	retryAtMs: number | null;
	hiddenAtMs: number | null;
	hiddenMs: number;
}

export type LiveEvent =
	| { kind: 'start'; hiddenMs?: number }
	| { kind: 'picture' }
	| { kind: 'closed'; code: number; random: number }
	| { kind: 'failed'; stage: Stage; random: number }
	| { kind: 'retry' }
	| { kind: 'online' }
	| { kind: 'hidden' }
	| { kind: 'shown' }
	| { kind: 'tick' }
	| { kind: 'stop' };

export type Order = 'connect' | 'disconnect';

export const idle: Live = {
	phase: 'idle',
	stage: null,
	attempt: 0,
	startedMs: 0,
	playingMs: 0,
	firstFrameMs: null,
	retryAtMs: null,
	hiddenAtMs: null,
	hiddenMs: HIDDEN_MS,
};

type Result = { live: Live; orders: Order[] };

function connect(live: Live, now: number, attempt: number): Result {
	return {
		live: { ...live, phase: 'connecting', attempt, startedMs: now, firstFrameMs: null, retryAtMs: null },
		orders: ['disconnect', 'connect'],
	};
}

function fail(live: Live, stage: Stage, random: number, now: number): Result {
	if (live.phase !== 'connecting' && live.phase !== 'playing') return { live, orders: [] };
	const healthy = live.phase === 'playing' && now - live.playingMs >= HEALTHY_MS;
	// Another kind of trouble is a step forward: a server that is back may still wait for its device.
	const other = live.stage !== null && again[live.stage] !== again[stage];
	const attempt = healthy || other ? 0 : live.attempt;
	const delay = retryDelay(stage, attempt, random);
	return {
		live: {
			...live,
			phase: delay === null ? 'failed' : 'waiting',
			stage,
			attempt: attempt + 1,
			retryAtMs: delay === null ? null : now + delay,
		},
		orders: ['disconnect'],
	};
}

function tick(live: Live, now: number): Result {
	if (live.phase === 'idle' || live.phase === 'paused') return { live, orders: [] };
	if (live.hiddenAtMs !== null && now - live.hiddenAtMs >= live.hiddenMs)
		return { live: { ...live, phase: 'paused', retryAtMs: null }, orders: ['disconnect'] };
	if (live.phase === 'connecting' && now - live.startedMs >= CONNECT_MAX_MS)
		return fail(live, 'server-away', 0.5, now);
	if (live.phase === 'waiting' && live.retryAtMs !== null && now >= live.retryAtMs)
		return connect(live, now, live.attempt);
	return { live, orders: [] };
}

/** A picture that begins where nobody sees it waits until somebody does. */
function begin(live: Live, hiddenMs: number, now: number): Result {
	const fresh: Live = { ...idle, hiddenAtMs: live.hiddenAtMs, hiddenMs };
	if (live.hiddenAtMs === null || hiddenMs >= HIDDEN_MS) return connect(fresh, now, 0);
	return { live: { ...fresh, phase: 'paused' }, orders: [] };
}

export function step(live: Live, event: LiveEvent, now: number): Result {
	const stay: Result = { live, orders: [] };
	switch (event.kind) {
	case 'start':
		return live.phase === 'idle' ? begin(live, event.hiddenMs ?? HIDDEN_MS, now) : stay;
	case 'picture':
		if (live.phase !== 'connecting') return stay;
		return {
			live: { ...live, phase: 'playing', stage: null, playingMs: now, firstFrameMs: now - live.startedMs },
			orders: [],
		};
	case 'closed':
		return fail(live, stageOf(event.code), event.random, now);
	case 'failed':
		return fail(live, event.stage, event.random, now);
	case 'retry':
		return live.phase === 'waiting' || live.phase === 'failed' ? connect(live, now, 0) : stay;
	case 'online': {
		const waits = live.phase === 'waiting' || live.phase === 'failed';
		return waits && live.stage !== 'denied' && live.stage !== 'no-support' ? connect(live, now, 0) : stay;
	}
	case 'hidden':
		return { live: { ...live, hiddenAtMs: live.hiddenAtMs ?? now }, orders: [] };
	case 'shown': {
		const shown = { ...live, hiddenAtMs: null };
		return live.phase === 'paused' ? connect(shown, now, 0) : { live: shown, orders: [] };
	}
	case 'tick':
		return tick(live, now);
	case 'stop':
		return { live: idle, orders: live.phase === 'idle' ? [] : ['disconnect'] };
	}
}
