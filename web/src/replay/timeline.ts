// SPDX-License-Identifier: Apache-2.0
// The time bar as pure functions: what part of a day is shown, where a recording is, what comes next. Milliseconds since 1970.

export interface Segment {
	start: number;
	end: number;
	type: number;
	/** Its name in the device, for `upload`; where devices tell it. */
	file?: string;
}

/** The part of the day that the bar shows. */
export interface Span {
	from: number;
	to: number;
}

export const SPAN_MIN_MS = 60_000;
/** Recordings that follow each other within this time are one block for the eye. */
export const JOIN_MS = 2000;
export const SEGMENTS_MAX = 10000;

/** The day of a date input's value ("2024-05-31") in the browser's zone; null when it is none. */
export function dayOf(text: string): Span | null {
	const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
	if (!year) return null;
	const from = new Date(Number(year), Number(month) - 1, Number(day));
	const to = new Date(Number(year), Number(month) - 1, Number(day) + 1);
	return from.getMonth() === Number(month) - 1 ? { from: from.getTime(), to: to.getTime() } : null;
}

/** A time as the value of a date input, in the browser's zone, moved by whole days. */
export function dateText(ms: number, days = 0): string {
	const at = new Date(ms);
	const moved = new Date(at.getFullYear(), at.getMonth(), at.getDate() + days);
	const two = (n: number) => String(n).padStart(2, '0');
	return `${moved.getFullYear()}-${two(moved.getMonth() + 1)}-${two(moved.getDate())}`;
}

function timeOf(value: unknown): number {
	return typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : NaN;
}

/** What a device answered to segment.find: sorted, within the day, without what makes no sense. */
export function readSegments(answer: unknown, day: Span): Segment[] {
	const find = (answer as { segment?: { find?: { segments?: unknown } } })?.segment?.find?.segments;
	if (!Array.isArray(find)) return [];
	return find.slice(0, SEGMENTS_MAX)
		.map((one): Segment => ({ start: timeOf(one?.start), end: timeOf(one?.end), type: Number(one?.type) || 1,
			...(typeof one?.file === 'string' ? { file: one.file } : {}) }))
		.map((one) => ({ ...one, start: Math.max(one.start, day.from), end: Math.min(one.end, day.to) }))
		.filter((one) => one.end > one.start)
		.sort((one, other) => one.start - other.start);
}

/** Neighbours of one type as one block. */
export function join(segments: Segment[]): Segment[] {
	const blocks: Segment[] = [];
	for (const one of segments) {
		const last = blocks[blocks.length - 1];
		if (last && last.type === one.type && one.start - last.end <= JOIN_MS) last.end = Math.max(last.end, one.end);
		else blocks.push({ ...one });
	}
	return blocks;
}

export function totalMs(segments: Segment[]): number {
	return segments.reduce((sum, one) => sum + one.end - one.start, 0);
}

export function segmentAt(segments: Segment[], at: number): Segment | null {
	return segments.find((one) => one.start <= at && at < one.end) ?? null;
}

/** `at` if something is recorded there, else where the next recording begins; null after the last. */
export function playableFrom(segments: Segment[], at: number): number | null {
	const next = segments.find((one) => one.end > at);
	return next ? Math.max(at, next.start) : null;
}

/** The start of the block after (1) or before (-1) `at`; a block that began over 3 s ago counts as before. */
export function neighbour(segments: Segment[], at: number, by: 1 | -1): number | null {
	const starts = join(segments).map((one) => one.start);
	if (by === 1) return starts.find((start) => start > at) ?? null;
	return starts.filter((start) => start < at - 3000).pop() ?? null;
}

/** `ms` of recorded time after `at`: what is not recorded takes no time. */
export function advance(segments: Segment[], at: number, ms: number): number {
	let left = ms;
	let now = at;
	for (const one of segments) {
		if (one.end <= now) continue;
		now = Math.max(now, one.start);
		if (left <= one.end - now) return now + left;
		left -= one.end - now;
		now = one.end;
	}
	return now;
}

/** A span of the wanted length inside the day. */
function within(from: number, length: number, day: Span): Span {
	const size = Math.min(Math.max(length, SPAN_MIN_MS), day.to - day.from);
	const start = Math.min(Math.max(from, day.from), day.to - size);
	return { from: start, to: start + size };
}

/** Zooms by `factor` (below 1: closer) so that the time `at` stays where it is. */
export function zoom(span: Span, factor: number, at: number, day: Span): Span {
	const length = Math.min(Math.max((span.to - span.from) * factor, SPAN_MIN_MS), day.to - day.from);
	const share = (at - span.from) / (span.to - span.from);
	return within(at - share * length, length, day);
}

export function pan(span: Span, ms: number, day: Span): Span {
	return within(span.from + ms, span.to - span.from, day);
}

/** The span moved as little as needed to show `at`, with some room around it. */
export function reveal(span: Span, at: number, day: Span): Span {
	const length = span.to - span.from;
	if (at >= span.from && at <= span.to) return span;
	return within(at - length / 2, length, day);
}

const STEPS_MS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10800, 14400, 21600].map((s) => s * 1000);

/** Times for the marks under the bar, at least `gapPx` apart, on round values of the local clock. */
export function ticks(span: Span, day: Span, widthPx: number, gapPx: number): number[] {
	const least = ((span.to - span.from) * gapPx) / Math.max(widthPx, 1);
	const step = STEPS_MS.find((one) => one >= least) ?? (STEPS_MS[STEPS_MS.length - 1] as number);
	const marks: number[] = [];
	for (let at = day.from + Math.ceil((span.from - day.from) / step) * step; at <= span.to; at += step) marks.push(at);
	return marks;
}
