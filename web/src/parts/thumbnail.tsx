// SPDX-License-Identifier: Apache-2.0
// A small picture of what a device streams now. It never starts a camera: only who is live already is asked.
import { useEffect, useState } from 'preact/hooks';
import { api, thumbnailAddress } from '../api';
import { t } from '../text';
import { Icon } from './icon';

const LIVE_EVERY_MS = 10000;
const WIDTH = 160;

export interface LiveNow {
	dids: Set<string>;
	/** Changes when the pictures shall be asked for again. */
	turn: number;
}

/** Which devices have a picture, asked every 10 s while the page is seen. */
export function useLiveNow(): LiveNow {
	const [live, setLive] = useState<LiveNow>({ dids: new Set(), turn: 0 });
	useEffect(() => {
		let alive = true;
		let timer: ReturnType<typeof setTimeout>;
		async function read() {
			const answer = document.hidden ? null : await api.streams().catch(() => null);
			if (!alive) return;
			if (answer) {
				const playing = answer.items.filter((stream) => stream.stage === 'playing' && !stream.replay);
				setLive({ dids: new Set(playing.map((stream) => stream.did)), turn: Math.floor(Date.now() / LIVE_EVERY_MS) });
			}
			timer = setTimeout(() => void read(), LIVE_EVERY_MS);
		}
		void read();
		return () => {
			alive = false;
			clearTimeout(timer);
		};
	}, []);
	return live;
}

export function Thumbnail(props: { did: string; name: string; live: LiveNow }) {
	const { did, live } = props;
	const [broken, setBroken] = useState(-1);
	const isLive = live.dids.has(did) && broken !== live.turn;
	return (
		<span class={`thumb ${isLive ? 'is-live' : ''}`}>
			{!isLive && <Icon name="camera" />}
			{isLive && <img src={thumbnailAddress(did, WIDTH, live.turn)} alt={t('thumb.of', { name: props.name })} loading="lazy"
				decoding="async" width={80} height={45} onError={() => setBroken(live.turn)} />}
		</span>
	);
}
