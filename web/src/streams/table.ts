// SPDX-License-Identifier: Apache-2.0
// The table of streams: one row each, sorted by what the reader chose. Pure.
import type { Stream, StreamStage } from '../types';
import { keyOf, type Memory } from './samples';

export interface Row {
	key: string;
	name: string;
	stream: Stream;
	/** kbit/s; null until known. */
	in: number | null;
	out: number | null;
}

export const COLUMNS = ['device', 'stage', 'publisher', 'viewers', 'rate', 'out', 'skips', 'first'] as const;
export type Column = (typeof COLUMNS)[number];

export interface Sorting {
	column: Column;
	down: boolean;
}

/** What needs an operator comes first. */
const STAGES: StreamStage[] = ['failed', 'asked', 'answered', 'pushing', 'playing', 'idle'];

const values: Record<Column, (row: Row) => number | string> = {
	device: (row) => row.name.toLocaleLowerCase(),
	stage: (row) => STAGES.indexOf(row.stream.stage),
	publisher: (row) => row.stream.publisher?.address ?? '',
	viewers: (row) => row.stream.viewers,
	rate: (row) => row.in ?? -1,
	out: (row) => row.out ?? -1,
	skips: (row) => row.stream.skips,
	first: (row) => row.stream.first_frame_ms,
};

export function rowsOf(streams: Stream[], memory: Memory, names: Map<string, string>): Row[] {
	const kilobits = (bytes: number | undefined) => (bytes === undefined ? null : (bytes * 8) / 1000);
	return streams.map((stream) => {
		const key = keyOf(stream);
		const said = stream.bits_per_second;
		return {
			key,
			stream,
			name: names.get(stream.did) || stream.did,
			in: said === undefined ? kilobits(memory.inRates.get(key)) : said / 1000,
			out: kilobits(memory.outRates.get(key)),
		};
	});
}

export function sortRows(rows: Row[], sorting: Sorting): Row[] {
	const value = values[sorting.column];
	const way = sorting.down ? -1 : 1;
	return [...rows].sort((one, other) => {
		const [a, b] = [value(one), value(other)];
		const order = typeof a === 'string' ? a.localeCompare(String(b), undefined, { numeric: true }) : a - Number(b);
		return order * way || one.key.localeCompare(other.key);
	});
}

/** Numbers begin with the largest, words with A; a second press turns around. */
export function resort(sorting: Sorting, column: Column): Sorting {
	if (sorting.column === column) return { column, down: !sorting.down };
	return { column, down: ['viewers', 'rate', 'out', 'skips', 'first'].includes(column) };
}
