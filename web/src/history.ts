// SPDX-License-Identifier: Apache-2.0
// What happened lately, as a list that grows at its top and not without end.
import { goneText } from './text';
import type { Page, ServerEvent } from './types';

export const EVENTS_SHOWN = 50;

/** Joins what is shown with what came, without doubles, newest first, at most EVENTS_SHOWN. */
export function mergeEvents(shown: ServerEvent[], fresh: ServerEvent[]): ServerEvent[] {
	const byId = new Map([...shown, ...fresh].map((event) => [event.id, event]));
	return [...byId.values()]
		.sort((one, other) => Date.parse(other.time) - Date.parse(one.time))
		.slice(0, EVENTS_SHOWN);
}

/** The part of an event's data that says something to a person: its name, or the reason. */
export function eventDetail(event: ServerEvent): string {
	const data = event.data ?? {};
	const why = typeof data.reason === 'string' ? goneText(data.reason) : '';
	const said = [data.name, why, data.state, data.address].filter((part) => typeof part === 'string' && part);
	return said.join(' · ');
}

export const EVENTS_PAGE = 200;
export const EVENT_PAGES_MAX = 20;

/**
 * The log is read in the order it was written, so the newest events stand at its end: reads on from `cursor`
 * to there, at most EVENT_PAGES_MAX pages. Answers the newest and where to go on next time.
 */
export async function readToEnd(
	read: (cursor: string | undefined) => Promise<Page<ServerEvent>>, cursor: string | undefined,
): Promise<{ events: ServerEvent[]; cursor: string | undefined }> {
	let events: ServerEvent[] = [];
	let at = cursor;
	for (let pages = 0; pages < EVENT_PAGES_MAX; pages++) {
		const page = await read(at);
		events = mergeEvents(events, page.items);
		if (!page.next || page.items.length < EVENTS_PAGE) break;
		at = page.next;
	}
	return { events, cursor: at };
}
