// SPDX-License-Identifier: Apache-2.0
// Where a live picture stopped, by the close code of its WebSocket (4000+n), and what may be done about it.
import type { Problem } from '../api';

export type Stage =
	| 'device-offline'
	| 'device-refused'
	| 'no-answer'
	| 'no-push'
	| 'no-key-frame'
	| 'codec-unsupported'
	| 'denied'
	| 'ended'
	| 'server-away'
	| 'stalled'
	| 'no-support';

/**
 * quick: soon; patient: costs the server next to nothing, so now and then; both for as long as the page is watched.
 * slow: a few times. never: only a person can help.
 */
export type Again = 'quick' | 'patient' | 'slow' | 'never';

const byCode: Record<number, Stage> = {
	4001: 'device-offline',
	4002: 'device-refused',
	4003: 'no-answer',
	4004: 'no-push',
	4005: 'no-key-frame',
	4006: 'codec-unsupported',
	4007: 'denied',
	4008: 'ended',
};

export const again: Record<Stage, Again> = {
	'device-offline': 'patient',
	'device-refused': 'slow',
	'no-answer': 'slow',
	'no-push': 'slow',
	'no-key-frame': 'slow',
	'codec-unsupported': 'never',
	denied: 'never',
	ended: 'quick',
	'server-away': 'quick',
	stalled: 'quick',
	'no-support': 'never',
};

export const SLOW_RETRIES_MAX = 5;
const DELAYS_MS: Record<Exclude<Again, 'never'>, number[]> = {
	// Never long: a page finds a server that is back within 5 s.
	quick: [500, 1000, 2000, 2500],
	patient: [5000, 10000, 20000, 30000],
	slow: [10000, 20000, 30000],
};

/** Codes we do not know, and every ordinary close, mean the server (or the way to it) went away. */
export function stageOf(code: number): Stage {
	return byCode[code] ?? 'server-away';
}

const byProblem: Record<string, Stage> = {
	'device-disabled': 'device-offline',
	'device-timeout': 'no-answer',
	'stream-ended': 'ended',
	unauthenticated: 'denied',
	'not-found': 'denied',
	away: 'server-away',
};

/** The same from a problem's name, where there is no WebSocket. */
export function stageOfProblem({ problem }: Problem): Stage {
	const named = Object.values(byCode).find((stage) => stage === problem);
	return named ?? byProblem[problem] ?? 'server-away';
}

/**
 * Milliseconds until the next try after `attempt` failures in a row (0 is the first), or null for none.
 * `random` in 0..1 spreads a wall of viewers over half the delay.
 */
export function retryDelay(stage: Stage, attempt: number, random: number): number | null {
	const kind = again[stage];
	if (kind === 'never' || (kind === 'slow' && attempt >= SLOW_RETRIES_MAX)) return null;
	const steps = DELAYS_MS[kind];
	const step = steps[Math.min(attempt, steps.length - 1)] as number;
	return Math.round(step * (0.75 + random / 2));
}
