// SPDX-License-Identifier: Apache-2.0
// What happened lately, as a list that grows at its top and not without end.
import type { ServerEvent } from './types';

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
	const said = [data.name, data.reason, data.state, data.address].filter((part) => typeof part === 'string' && part);
	return said.join(' · ');
}
