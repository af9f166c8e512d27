// SPDX-License-Identifier: Apache-2.0
// One picture of the wall. What nobody sees is not streamed: it stops soon after it left the screen.
import { useEffect, useRef } from 'preact/hooks';
import type { Live } from '../live/machine';
import { deviceAddress } from '../route';
import { t } from '../text';
import type { Device, Stream } from '../types';
import { waitText } from './overlay';
import { useLive } from './use_live';

const UNSEEN_MS = 1000;
const LEAST_SEEN = 0.05;

function words(live: Live, stream: Stream | null): string {
	if (live.phase === 'paused') return t('wall.paused');
	if (live.stage) return t(`stage.${live.stage}`);
	return waitText(stream);
}

export function Tile(props: { did: string; device: Device | null }) {
	const { did, device } = props;
	const box = useRef<HTMLLIElement>(null);
	const { video, player, live, stream } = useLive(did, undefined, { hiddenMs: UNSEEN_MS, isWaiting: true, isTile: true });
	const name = device?.name || did;
	const since = device?.presence.online ? device.presence.since : null;
	useEffect(() => {
		if (since) player.current?.online();
	}, [since]);
	useEffect(() => {
		const watcher = new IntersectionObserver((entries) => {
			const last = entries[entries.length - 1];
			if (last) player.current?.inView(last.isIntersecting);
		}, { threshold: LEAST_SEEN });
		if (box.current) watcher.observe(box.current);
		return () => watcher.disconnect();
	}, [did]);
	const isWaiting = live.phase === 'connecting' && !live.stage;
	return (
		<li class="tile" ref={box} data-did={did} data-phase={live.phase} data-stage={live.stage ?? undefined}>
			<video ref={video} muted autoplay playsInline aria-label={t('live.label', { name })} />
			{live.phase !== 'playing' && <div class="tile-words" role="status">
				{isWaiting && <span class="spinner" aria-hidden="true" />}<p>{words(live, stream)}</p>
			</div>}
			<a class="tile-name" href={deviceAddress(did)} aria-label={t('wall.open', { name })}><span>{name}</span></a>
		</li>
	);
}
