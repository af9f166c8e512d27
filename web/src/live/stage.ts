// SPDX-License-Identifier: Apache-2.0
// Where a live picture stopped, by the close code of its WebSocket (4000+n), and what may be done about it.

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

/** quick: soon and for as long as the page is watched; slow: a few times; never: only a person can help. */
export type Again = 'quick' | 'slow' | 'never';

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

const again: Record<Stage, Again> = {
	'device-offline': 'slow',
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
const QUICK_MS = [500, 1000, 2000, 4000, 8000, 15000];
const SLOW_MS = [10000, 20000, 30000];

/** Codes we do not know, and every ordinary close, mean the server (or the way to it) went away. */
export function stageOf(code: number): Stage {
	return byCode[code] ?? 'server-away';
}

/**
 * Milliseconds until the next try after `attempt` failures in a row (0 is the first), or null for none.
 * `random` in 0..1 spreads a wall of viewers over half the delay.
 */
export function retryDelay(stage: Stage, attempt: number, random: number): number | null {
	const kind = again[stage];
	if (kind === 'never' || (kind === 'slow' && attempt >= SLOW_RETRIES_MAX)) return null;
	const steps = kind === 'quick' ? QUICK_MS : SLOW_MS;
	const step = steps[Math.min(attempt, steps.length - 1)] as number;
	return Math.round(step * (0.75 + random / 2));
}
