// SPDX-License-Identifier: Apache-2.0
// What happened to one device lately, newest first, kept up by the feed.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import type { Feed } from '../events';
import { eventDetail, EVENTS_PAGE, mergeEvents, readToEnd } from '../history';
import { clock, t, tOr } from '../text';
import type { ServerEvent } from '../types';
import { Failure } from './dialog';
import { useTask } from './hooks';

export function EventList(props: { did: string; feed: Feed; now: number }) {
	const [events, setEvents] = useState<ServerEvent[]>([]);
	const readUpTo = useRef<string | undefined>(undefined);
	const { busy, failure, run } = useTask();
	async function read() {
		const news = await run(() =>
			readToEnd((cursor) => api.events(props.did, EVENTS_PAGE, cursor), readUpTo.current));
		if (!news) return;
		readUpTo.current = news.cursor;
		setEvents((shown) => mergeEvents(shown, news.events));
	}
	useEffect(() => {
		void read();
		return props.feed.listen({
			onEvent: (event) => {
				if (event.did === props.did) setEvents((shown) => mergeEvents(shown, [event]));
			},
			onRefresh: () => void read(),
		});
	}, [props.did]);
	return (
		<section class="events">
			<Failure text={failure} />
			{!busy && !failure && events.length === 0 && <p class="hint">{t('event.none')}</p>}
			<ol>
				{events.map((event) => (
					<li key={event.id}>
						<time dateTime={event.time}>{clock(event.time, props.now)}</time>
						<span>{tOr(`event.${event.type}`, event.type)}
							{eventDetail(event) && <span class="faint"> {eventDetail(event)}</span>}</span>
					</li>
				))}
			</ol>
		</section>
	);
}
