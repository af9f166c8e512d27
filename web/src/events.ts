// SPDX-License-Identifier: Apache-2.0
// What happens on the server, as it happens: one event stream for the page, every 10 s a poll when there is none.
import { SseReader } from './sse';
import type { ServerEvent } from './types';

export type FeedState = 'connecting' | 'live' | 'polling' | 'away' | 'signed-out';

export interface FeedListener {
	/** One event of the stream. */
	onEvent?: (event: ServerEvent) => void;
	/** Events may have been missed: read again what is shown. */
	onRefresh?: () => void;
	onState?: (state: FeedState) => void;
}

const POLL_MS = 10000;
/** Never long: a server that is back is noticed within 3 s. */
const AWAY_MS = [500, 1000, 2000];
/** The server says something at least every 15 s; silence means the way is broken. */
const SILENCE_MS = 40000;

/** How long until the next try, after `failures` in a row. */
export function feedDelay(state: FeedState, failures: number): number {
	if (state !== 'away') return POLL_MS;
	return AWAY_MS[Math.min(failures, AWAY_MS.length - 1)] as number;
}

export function parseEvent(text: string): ServerEvent | null {
	try {
		const event = JSON.parse(text) as ServerEvent;
		return typeof event === 'object' && event !== null && typeof event.type === 'string' ? event : null;
	} catch {
		return null;
	}
}

export class Feed {
	state: FeedState = 'connecting';
	private listeners = new Set<FeedListener>();
	private cut: AbortController | null = null;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private lastId: string | null = null;
	private failures = 0;

	listen(listener: FeedListener): () => void {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	}

	start(): void {
		if (!this.cut) void this.run();
	}

	stop(): void {
		clearTimeout(this.timer);
		this.cut?.abort();
		this.cut = null;
	}

	private become(state: FeedState): void {
		if (state === this.state) return;
		this.state = state;
		for (const listener of this.listeners) listener.onState?.(state);
	}

	private refresh(): void {
		for (const listener of this.listeners) listener.onRefresh?.();
	}

	private async run(): Promise<void> {
		const cut = new AbortController();
		this.cut = cut;
		const state = await this.read(cut).catch((): FeedState => 'away');
		if (this.cut !== cut) return;
		this.cut = null;
		this.become(state);
		if (state === 'signed-out') return;
		if (state === 'polling') this.refresh();
		this.timer = setTimeout(() => void this.run(), feedDelay(state, this.failures++));
	}

	/** Reads until the stream ends; answers what to be next. */
	private async read(cut: AbortController): Promise<FeedState> {
		const headers: Record<string, string> = { accept: 'text/event-stream' };
		if (this.lastId) headers['last-event-id'] = this.lastId;
		let silence = setTimeout(() => cut.abort(), SILENCE_MS);
		try {
			const answer = await fetch('/v2/events', { headers, cache: 'no-store', signal: cut.signal });
			if (answer.status === 401) return 'signed-out';
			const streams = /event-stream/.test(answer.headers.get('content-type') ?? '');
			// A cursor the server no longer has must not keep us from what comes now.
			if (answer.status === 400 || answer.status === 404) this.lastId = null;
			if (!answer.ok || !answer.body || !streams) return answer.status >= 500 ? 'away' : 'polling';
			this.become('live');
			this.failures = 0;
			this.refresh();
			const reader = new SseReader((message) => this.message(message.id, message.data));
			const bytes = answer.body.getReader();
			const decoder = new TextDecoder();
			for (;;) {
				const { done, value } = await bytes.read();
				if (done) return 'away';
				clearTimeout(silence);
				silence = setTimeout(() => cut.abort(), SILENCE_MS);
				reader.feed(decoder.decode(value, { stream: true }));
			}
		} finally {
			clearTimeout(silence);
			cut.abort();
		}
	}

	private message(id: string | null, data: string): void {
		if (id) this.lastId = id;
		const event = parseEvent(data);
		if (event) for (const listener of this.listeners) listener.onEvent?.(event);
	}
}
