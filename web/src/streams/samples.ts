// SPDX-License-Identifier: Apache-2.0
// What the streams page remembers: totals every two seconds since it was opened, at most SAMPLES_MAX of them. Pure.
import type { Stream } from '../types';

export const SAMPLES_MAX = 1800;
export const FIRSTS_MAX = 500;

export interface Sample {
	at: number;
	viewers: number;
	/** Bytes per second; null for the first sample. */
	in: number | null;
	out: number | null;
}

export interface First {
	at: number;
	key: string;
	ms: number;
}

interface Counters {
	in: number;
	out: number;
	first: number;
	viewers: number;
}

export interface Memory {
	samples: Sample[];
	firsts: First[];
	last: { at: number; streams: Map<string, Counters> } | null;
	/** Per stream, bytes per second to all its viewers. */
	outRates: Map<string, number>;
	inRates: Map<string, number>;
}

export const nothing: Memory = { samples: [], firsts: [], last: null, outRates: new Map(), inRates: new Map() };

export function keyOf(stream: Stream): string {
	return stream.key ?? stream.did;
}

/** A counter that went back belongs to a stream that began anew. */
function grown(now: number, before: number | undefined): number {
	return before === undefined || now < before ? 0 : now - before;
}

/** Somebody more watches than before, or the last view took another time: under a millisecond is 0. */
function hasOpened(stream: Stream, old: Counters | undefined): boolean {
	if (stream.viewers === 0 || stream.stage !== 'playing') return false;
	return stream.viewers > (old?.viewers ?? 0) || stream.first_frame_ms !== old?.first;
}

/** Beyond the limit every second of the older half goes, so that the whole time stays in sight. */
function thin<T>(list: T[], most: number): T[] {
	if (list.length <= most) return list;
	const half = Math.floor(list.length / 2);
	return [...list.slice(0, half).filter((_, i) => i % 2 === 0), ...list.slice(half)];
}

export function remember(memory: Memory, streams: Stream[], at: number): Memory {
	const before = memory.last;
	const seconds = before ? Math.max(0.001, (at - before.at) / 1000) : 0;
	const now = new Map<string, Counters>();
	const inRates = new Map<string, number>();
	const outRates = new Map<string, number>();
	const firsts: First[] = [];
	for (const stream of streams) {
		const key = keyOf(stream);
		const old = before?.streams.get(key);
		now.set(key, { in: stream.bytes_in, out: stream.bytes_out, first: stream.first_frame_ms, viewers: stream.viewers });
		if (before) inRates.set(key, grown(stream.bytes_in, old?.in) / seconds);
		if (before) outRates.set(key, grown(stream.bytes_out, old?.out) / seconds);
		if (before && hasOpened(stream, old))
			firsts.push({ at, key, ms: stream.first_frame_ms });
	}
	const sum = (rates: Map<string, number>) => (before ? [...rates.values()].reduce((a, b) => a + b, 0) : null);
	const sample: Sample = {
		at, in: sum(inRates), out: sum(outRates), viewers: streams.reduce((all, stream) => all + stream.viewers, 0),
	};
	return {
		samples: thin([...memory.samples, sample], SAMPLES_MAX),
		firsts: [...memory.firsts, ...firsts].slice(-FIRSTS_MAX),
		last: { at, streams: now },
		inRates,
		outRates,
	};
}
