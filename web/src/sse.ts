// SPDX-License-Identifier: Apache-2.0
// Reads text/event-stream piece by piece (WHATWG HTML, server-sent events), cut anywhere.

export interface Message {
	id: string | null;
	event: string;
	data: string;
}

/** A line or message longer than this is not ours; the reader gives up rather than grow. */
export const MESSAGE_MAX = 1 << 20;

export class SseReader {
	private rest = '';
	private afterReturn = false;
	private id: string | null = null;
	private event = '';
	private data: string[] = [];
	private size = 0;

	constructor(private readonly onMessage: (message: Message) => void) {}

	/** Throws RangeError when a message passes MESSAGE_MAX. */
	feed(text: string): void {
		// CR LF may come in two pieces: the LF then belongs to the line already ended.
		const fresh = this.afterReturn && text.startsWith('\n') ? text.slice(1) : text;
		if (text) this.afterReturn = text.endsWith('\r');
		const lines = (this.rest + fresh).split(/\r\n|\r|\n/);
		this.rest = lines.pop() ?? '';
		for (const line of lines) this.line(line);
		if (this.rest.length + this.size > MESSAGE_MAX) throw new RangeError('event too large');
	}

	private line(line: string): void {
		if (line === '') return this.end();
		const colon = line.indexOf(':');
		const name = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
		if (name === 'id') this.id = value;
		if (name === 'event') this.event = value;
		if (name === 'data') {
			this.data.push(value);
			this.size += value.length;
			if (this.size > MESSAGE_MAX) throw new RangeError('event too large');
		}
	}

	private end(): void {
		if (this.data.length)
			this.onMessage({ id: this.id, event: this.event || 'message', data: this.data.join('\n') });
		this.event = '';
		this.data = [];
		this.size = 0;
	}
}
