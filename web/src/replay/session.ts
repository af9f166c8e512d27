// SPDX-License-Identifier: Apache-2.0
// One replay: its key, and which moment of the recording the picture shows. Pure.
import { advance, type Segment } from './timeline';

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16] as const;

export interface Choice {
	did: string;
	channel: number;
	stream: number;
}

/** A replay's time as its key has it: 14 digits and Z for UTC. */
export function keyTime(ms: number): string {
	return `${new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
}

/** Whole seconds: from the one in which `from` lies to the one after `to`. */
export function replayKey(choice: Choice, from: number, to: number): string {
	const end = Math.max(Math.ceil(to / 1000), Math.floor(from / 1000) + 1) * 1000;
	return `${choice.did}_replay_${choice.channel}_${choice.stream}_${keyTime(from)}_${keyTime(end)}`;
}

/**
 * From `media` seconds of the player's time on, the picture shows the recording from `at` with `speed`; before that
 * it still shows what was in the player when that was asked for, and `was` stands for it.
 */
export interface Anchor {
	media: number;
	at: number;
	speed: number;
	was: number;
}

/** The moment that the picture shows at `media` seconds of the player's time. */
export function position(anchor: Anchor, media: number, segments: Segment[]): number {
	if (media < anchor.media) return anchor.was;
	return advance(segments, anchor.at, (media - anchor.media) * 1000 * anchor.speed);
}

/** After a seek to `at`, asked for when the player had media up to `buffered`. */
export function seekTo(anchor: Anchor, at: number, buffered: number): Anchor {
	return { media: buffered, at, speed: anchor.speed, was: at };
}

/** After a change of speed: what is in the player already is shown as it was sent. */
export function changeSpeed(anchor: Anchor, speed: number, media: number, buffered: number, segments: Segment[]): Anchor {
	return { media: buffered, at: position(anchor, buffered, segments), speed, was: position(anchor, media, segments) };
}
