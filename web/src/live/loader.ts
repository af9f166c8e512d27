// SPDX-License-Identifier: Apache-2.0
// A loader for mpegts.js that keeps the WebSocket's close code: it names the stage at which live stopped.
import mpegts from 'mpegts.js';

interface LoaderInside {
	_status: number;
	_onDataArrival: ((chunk: ArrayBuffer, start: number, received: number) => void) | null;
}

/**
 * Makes a loader class whose sockets report their end to `onClose`, once, unless we closed it ourselves, and to
 * `onBytes` what came.
 */
export function socketLoader(onClose: (code: number) => void, onBytes: (count: number) => void) {
	return class SocketLoader extends mpegts.BaseLoader {
		private socket: WebSocket | null = null;
		private received = 0;

		constructor() {
			super('socket-loader');
		}

		private get inside(): LoaderInside {
			return this as unknown as LoaderInside;
		}

		override open(source: { url: string }): void {
			const socket = new WebSocket(source.url);
			this.socket = socket;
			this.inside._status = mpegts.LoaderStatus.kConnecting;
			socket.binaryType = 'arraybuffer';
			socket.onopen = () => { this.inside._status = mpegts.LoaderStatus.kBuffering; };
			socket.onmessage = (message) => this.arrived(message.data);
			socket.onclose = (event) => {
				if (this.socket !== socket) return;
				this.socket = null;
				this.inside._status = mpegts.LoaderStatus.kComplete;
				onClose(event.code);
			};
		}

		private arrived(chunk: unknown): void {
			if (!(chunk instanceof ArrayBuffer) || !this.socket) return;
			const start = this.received;
			this.received += chunk.byteLength;
			onBytes(chunk.byteLength);
			this.inside._onDataArrival?.(chunk, start, this.received);
		}

		override abort(): void {
			const socket = this.socket;
			this.socket = null;
			socket?.close();
			this.inside._status = mpegts.LoaderStatus.kComplete;
		}

		override destroy(): void {
			this.abort();
			super.destroy();
		}
	};
}
