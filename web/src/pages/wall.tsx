// SPDX-License-Identifier: Apache-2.0
// Up to sixteen live pictures side by side. What hangs there is in the address, and remembered.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import type { Feed } from '../events';
import { ChooseDevices } from '../parts/choose_devices';
import { Icon } from '../parts/icon';
import { Tile } from '../parts/tile';
import { t } from '../text';
import type { Device } from '../types';
import { bare, LAYOUTS, readWall, relayout, shown, turnPage, writeWall, type Wall } from '../wall/choice';

const STORED = 'vigil.wall';

function remembered(): Wall {
	try {
		return readWall(localStorage.getItem(STORED) ?? '') ?? bare;
	} catch {
		return bare; // storage may be forbidden; the address is good enough
	}
}

/** The wall of the address, else the one remembered; a change goes to both. */
function useWall(search: string): [Wall, (wall: Wall) => void] {
	const [wall, setWall] = useState<Wall>(() => readWall(search) ?? remembered());
	useEffect(() => {
		const named = readWall(search);
		if (named) setWall(named);
	}, [search]);
	useEffect(() => {
		const text = writeWall(wall);
		history.replaceState(null, '', `${location.pathname}#/wall?${text}`);
		try {
			localStorage.setItem(STORED, text);
		} catch {
			// Then it lasts as long as the address.
		}
	}, [wall]);
	return [wall, setWall];
}

/** Names and presence of what is on the wall, kept up by the feed. */
function useNamed(dids: string[], feed: Feed): Map<string, Device> {
	const [devices, setDevices] = useState(new Map<string, Device>());
	const wanted = dids.join();
	useEffect(() => {
		let alive = true;
		const read = (did: string) => api.device(did).then((device) => {
			if (alive) setDevices((old) => new Map(old).set(did, device));
		}, () => undefined);
		const readAll = () => dids.forEach((did) => void read(did));
		readAll();
		const deaf = feed.listen({
			onEvent: ({ did, type }) => {
				if (did && dids.includes(did) && /^device\.(dis)?connected|updated/.test(type)) void read(did);
			},
			onRefresh: readAll,
		});
		return () => {
			alive = false;
			deaf();
		};
	}, [wanted]);
	return devices;
}

function Pager(props: { wall: Wall; onWall: (wall: Wall) => void }) {
	const { wall, onWall } = props;
	const count = wall.dids.length;
	if (count <= wall.layout) return null;
	const to = Math.min(wall.from + wall.layout, count);
	return (
		<div class="pager">
			<button type="button" class="icon" aria-label={t('wall.before')} title={t('wall.before')} disabled={wall.from === 0}
				onClick={() => onWall(turnPage(wall, -1))}><Icon name="back" /></button>
			<span role="status">{t('wall.page', { from: wall.from + 1, to, n: count })}</span>
			<button type="button" class="icon" aria-label={t('wall.after')} title={t('wall.after')} disabled={to === count}
				onClick={() => onWall(turnPage(wall, 1))}><Icon name="next" /></button>
		</div>
	);
}

export function WallPage(props: { search: string; feed: Feed }) {
	const [wall, setWall] = useWall(props.search);
	const [choosing, setChoosing] = useState(false);
	const grid = useRef<HTMLUListElement>(null);
	const devices = useNamed(wall.dids, props.feed);
	const dids = shown(wall);
	useEffect(() => { document.title = `${t('wall.title')} – Vigil`; });
	return (
		<section class="wall-page">
			<div class="heading">
				<h1>{t('wall.title')}</h1>
				<span class="grow" />
				<Pager wall={wall} onWall={setWall} />
				<div class="segments layouts" role="radiogroup" aria-label={t('wall.layout')}>
					{LAYOUTS.map((layout) => (
						<label key={layout}>
							<input type="radio" name="layout" value={layout} checked={wall.layout === layout}
								onChange={() => setWall(relayout(wall, layout))} />
							<span>{layout}</span>
						</label>
					))}
				</div>
				<button type="button" onClick={() => setChoosing(true)}><Icon name="grid" />{t('wall.choose')}</button>
				{document.fullscreenEnabled && <button type="button" class="icon" aria-label={t('wall.full')} title={t('wall.full')}
					onClick={() => void grid.current?.requestFullscreen?.().catch(() => undefined)}><Icon name="full" /></button>}
			</div>
			{dids.length === 0 && <div class="empty">
				<p>{t('wall.empty')}</p>
				<button type="button" class="primary" onClick={() => setChoosing(true)}>{t('wall.choose')}</button>
			</div>}
			{dids.length > 0 && <ul class={`wall wall-${wall.layout}`} ref={grid}>
				{dids.map((did) => <Tile key={did} did={did} device={devices.get(did) ?? null} />)}
				{Array.from({ length: wall.layout - dids.length }, (_, i) =>
					<li key={`free-${i}`} class="tile free"><span class="sr">{t('wall.place')}</span></li>)}
			</ul>}
			{choosing && <ChooseDevices wall={wall} onWall={setWall} onClose={() => setChoosing(false)} />}
		</section>
	);
}
