// SPDX-License-Identifier: Apache-2.0
// The pan-tilt-zoom pad as a pure machine: what is pressed, and what must be sent when.
// A device stops by itself after 5 s, so a held button is told again every REPEAT_MS.

export const REPEAT_MS = 2000;

export const DIRECTION = {
	up: 0, down: 1, left: 2, right: 3,
	upLeft: 4, downLeft: 5, upRight: 6, downRight: 7,
	zoomIn: 8, zoomOut: 9,
} as const;
export type DirectionName = keyof typeof DIRECTION;
export type Speed = 0 | 1 | 2;

export interface Pad {
	held: DirectionName | null;
	speed: Speed;
	/** When the held direction is sent again; null after the device refused it (at its limit). */
	repeatAtMs: number | null;
}

export type PadEvent =
	| { kind: 'press'; direction: DirectionName }
	| { kind: 'release'; direction?: DirectionName }
	| { kind: 'speed'; speed: Speed }
	| { kind: 'refused' }
	| { kind: 'tick' };

export type Move = { start: { direction: number; speed: Speed } } | { stop: Record<string, never> };

export const still: Pad = { held: null, speed: 1, repeatAtMs: null };

function start(pad: Pad, direction: DirectionName, now: number): { pad: Pad; move: Move } {
	return {
		pad: { ...pad, held: direction, repeatAtMs: now + REPEAT_MS },
		move: { start: { direction: DIRECTION[direction], speed: pad.speed } },
	};
}

export function stepPad(pad: Pad, event: PadEvent, now: number): { pad: Pad; move: Move | null } {
	const stay = { pad, move: null };
	switch (event.kind) {
	case 'press':
		return event.direction === pad.held ? stay : start(pad, event.direction, now);
	case 'release':
		// A second finger that leaves another button must not stop the one still held.
		if (pad.held === null || (event.direction && event.direction !== pad.held)) return stay;
		return { pad: { ...pad, held: null, repeatAtMs: null }, move: { stop: {} } };
	case 'speed': {
		const faster = { ...pad, speed: event.speed };
		return pad.held !== null && event.speed !== pad.speed
			? start(faster, pad.held, now)
			: { pad: faster, move: null };
	}
	case 'refused':
		return { pad: { ...pad, repeatAtMs: null }, move: null };
	case 'tick':
		return pad.held !== null && pad.repeatAtMs !== null && now >= pad.repeatAtMs
			? start(pad, pad.held, now)
			: stay;
	}
}

/**
 * Sends one thing at a time and keeps only the newest that waits: a stop can neither overtake
 * its start nor stand in a queue behind repeats when the device is slow.
 */
export class Latest<T> {
	private busy = false;
	private waiting: { item: T } | null = null;

	constructor(private readonly send: (item: T) => Promise<void>) {}

	push(item: T): void {
		if (this.busy) this.waiting = { item };
		else void this.run(item);
	}

	private async run(first: T): Promise<void> {
		this.busy = true;
		for (let next: { item: T } | null = { item: first }; next; ) {
			this.waiting = null;
			await this.send(next.item).catch(() => undefined);
			next = this.waiting;
		}
		this.busy = false;
	}
}
