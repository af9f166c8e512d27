// SPDX-License-Identifier: Apache-2.0
// All devices: who is there, found by name, kept up as things happen.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type DeviceQuery } from '../api';
import { appendPage, PAGE, plan, readDevices, replaceDevice } from '../devices';
import type { Feed } from '../events';
import { AddDevice, ImportDevices } from '../parts/add_device';
import { Failure } from '../parts/dialog';
import { useNow, useTask } from '../parts/hooks';
import { Icon } from '../parts/icon';
import { Presence } from '../parts/presence';
import { Thumbnail, useLiveNow, type LiveNow } from '../parts/thumbnail';
import { deviceAddress } from '../route';
import { t, tOr } from '../text';
import type { Device } from '../types';

const SETTLE_MS = 700;
const TYPING_MS = 250;

type Filter = 'all' | 'online' | 'offline';
const FILTERS: Filter[] = ['all', 'online', 'offline'];
const ONLINE: Record<Filter, 'true' | 'false' | undefined> = { all: undefined, online: 'true', offline: 'false' };

function useDevices(feed: Feed, q: string, filter: Filter) {
	const [devices, setDevices] = useState<Device[]>([]);
	const [next, setNext] = useState<string | null>(null);
	const [ready, setReady] = useState(false);
	const task = useTask();
	const shown = useRef<Device[]>([]);
	const asked = useRef(0);
	shown.current = devices;

	const query = (more: DeviceQuery): DeviceQuery => {
		const online = ONLINE[filter];
		return { ...more, ...(q ? { q } : {}), ...(online ? { online } : {}) };
	};
	async function read(wanted: number) {
		const turn = ++asked.current;
		const page = await task.run(() =>
			readDevices((cursor) => api.devices(query({ limit: PAGE, ...(cursor ? { cursor } : {}) })), wanted));
		if (!page || turn !== asked.current) return;
		setDevices(page.items);
		setNext(page.next);
		setReady(true);
	}
	async function more() {
		const turn = asked.current;
		const page = await task.run(() => api.devices(query({ limit: PAGE, cursor: next ?? '' })));
		if (!page || turn !== asked.current) return;
		setDevices((old) => appendPage(old, page.items));
		setNext(page.next);
	}
	const reread = () => read(shown.current.length);

	useEffect(() => {
		setReady(false);
		void read(PAGE);
		const changed = new Set<string>();
		let timer: ReturnType<typeof setTimeout> | undefined;
		async function settle() {
			timer = undefined;
			const what = plan(shown.current, changed, filter !== 'all' || q !== '');
			changed.clear();
			if (what.kind === 'all') return reread();
			if (what.kind === 'none') return undefined;
			for (const did of what.dids) {
				const fresh = await api.device(did).catch(() => null);
				if (!fresh) return reread();
				setDevices((old) => replaceDevice(old, fresh));
			}
			return undefined;
		}
		const deaf = feed.listen({
			onEvent: (event) => {
				// What a device reports (motion, ...) does not change the list.
				if (!event.did || event.type === 'device.event') return;
				changed.add(event.did);
				timer ??= setTimeout(() => void settle(), SETTLE_MS);
			},
			onRefresh: () => void reread(),
		});
		return () => {
			deaf();
			clearTimeout(timer);
		};
	}, [q, filter]);
	return { devices, next, ready, more, reread, busy: task.busy, failure: task.failure };
}

function Row(props: { device: Device; now: number; live: LiveNow }) {
	const { device } = props;
	return (
		<li>
			<a class="row" href={deviceAddress(device.did)} data-did={device.did}>
				<Thumbnail did={device.did} name={device.name || device.did} live={props.live} />
				<span class="name">{device.name || device.did}</span>
				<span class="did mono">{device.did}</span>
				<span class="kind">{tOr(`kind.${device.kind}`, device.kind)}</span>
				<Presence presence={device.presence} now={props.now} />
				<Icon name="next" />
			</a>
		</li>
	);
}

export function Devices(props: { feed: Feed }) {
	const [typed, setTyped] = useState('');
	const [q, setQ] = useState('');
	const [filter, setFilter] = useState<Filter>('all');
	const [open, setOpen] = useState<'add' | 'import' | null>(null);
	const now = useNow();
	const live = useLiveNow();
	const list = useDevices(props.feed, q, filter);
	useEffect(() => {
		const timer = setTimeout(() => setQ(typed.trim()), TYPING_MS);
		return () => clearTimeout(timer);
	}, [typed]);
	useEffect(() => { document.title = `${t('list.title')} – Vigil`; });

	const filtered = q !== '' || filter !== 'all';
	const count = list.next ? 'list.countMore' : 'list.count';
	return (
		<section class="devices">
			<div class="heading">
				<h1>{t('list.title')}</h1>
				<span class="grow" />
				<button type="button" onClick={() => setOpen('import')}><Icon name="file" />{t('list.import')}</button>
				<button type="button" class="primary" onClick={() => setOpen('add')}>
					<Icon name="plus" />{t('list.add')}
				</button>
			</div>
			<div class="tools">
				<label class="search">
					<span class="sr">{t('list.search')}</span><Icon name="search" />
					<input type="search" name="q" placeholder={t('list.search')} value={typed}
						onInput={(event) => setTyped(event.currentTarget.value)} />
				</label>
				<div class="segments" role="radiogroup" aria-label={t('list.filter')}>
					{FILTERS.map((one) => (
						<label key={one}>
							<input type="radio" name="filter" value={one} checked={filter === one} onChange={() => setFilter(one)} />
							<span>{t(`list.${one}`)}</span>
						</label>
					))}
				</div>
			</div>
			<Failure text={list.failure} />
			{!list.ready && !list.failure && <p class="hint">{t('app.loading')}</p>}
			{list.ready && list.devices.length === 0 &&
				<p class="empty">{filtered ? t('list.none') : t('list.empty')}</p>}
			<ul class="rows">{list.devices.map((device) => <Row key={device.did} device={device} now={now} live={live} />)}</ul>
			{list.ready && list.devices.length > 0 &&
				<p class="hint count" role="status">{t(count, { n: list.devices.length })}</p>}
			{list.next && <button type="button" class="block" disabled={list.busy} onClick={list.more}>{t('list.more')}</button>}
			{open === 'add' && <AddDevice onClose={() => setOpen(null)} onAdded={list.reread} />}
			{open === 'import' && <ImportDevices onClose={() => setOpen(null)} onAdded={list.reread} />}
		</section>
	);
}
