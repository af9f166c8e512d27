// SPDX-License-Identifier: Apache-2.0
// One device: its picture, and beside it what can be done with it.
import { useEffect, useState } from 'preact/hooks';
import type { Feed } from '../events';
import { DeviceTop, useDevice } from '../parts/device_top';
import { EventList } from '../parts/event_list';
import { Facts } from '../parts/facts';
import { useNow } from '../parts/hooks';
import { Icon } from '../parts/icon';
import { LivePicture } from '../parts/live';
import { PtzPad } from '../parts/pad';
import { Presets } from '../parts/presets';
import { Settings } from '../parts/settings';
import { Share } from '../parts/share';
import { t } from '../text';

const TABS = ['control', 'settings', 'facts', 'events'] as const;
type Tab = (typeof TABS)[number];

function Tabs(props: { tab: Tab; onTab: (tab: Tab) => void }) {
	function move(event: KeyboardEvent) {
		const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? TABS.length - 1 : 0;
		if (by === 0) return;
		const next = TABS[(TABS.indexOf(props.tab) + by) % TABS.length] as Tab;
		props.onTab(next);
		document.getElementById(`tab-${next}`)?.focus();
	}
	return (
		<div class="tabs" role="tablist" onKeyDown={move}>
			{TABS.map((tab) => (
				<button key={tab} type="button" role="tab" id={`tab-${tab}`} aria-selected={tab === props.tab}
					aria-controls="panel" tabIndex={tab === props.tab ? 0 : -1} onClick={() => props.onTab(tab)}>
					{t(`tab.${tab}`)}
				</button>
			))}
		</div>
	);
}

export function Device(props: { did: string; feed: Feed }) {
	const { did, feed } = props;
	const { device, failure, setDevice } = useDevice(did, feed);
	const [tab, setTab] = useState<Tab>('control');
	const [sharing, setSharing] = useState(false);
	const now = useNow();
	const name = device?.name || did;
	useEffect(() => { document.title = `${name} – Vigil`; }, [name]);

	const top = { did, device, failure, now, page: 'live' as const };
	if (!device) return <section class="device"><DeviceTop {...top} /></section>;
	const offline = !device.presence.online;
	return (
		<section class="device">
			<DeviceTop {...top}>
				<button type="button" onClick={() => setSharing(true)} aria-label={t('live.share')}>
					<Icon name="share" /><span class="wide">{t('live.share')}</span>
				</button>
			</DeviceTop>
			<div class="columns">
				<LivePicture key={did} name={name} did={did} onlineSince={offline ? null : device.presence.since} />
				<div class="side card">
					<Tabs tab={tab} onTab={setTab} />
					<div id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
						{tab === 'control' && <PtzPad did={did} disabled={offline} />}
						{tab === 'control' && <Presets did={did} cached={device.presets} disabled={offline} />}
						{tab === 'settings' && offline && <p class="hint">{t('problem.device-offline')}</p>}
						{tab === 'settings' && <Settings did={did} disabled={offline} />}
						{tab === 'facts' && <Facts device={device} now={now} onChanged={setDevice} />}
						{tab === 'events' && <EventList did={did} feed={feed} now={now} />}
					</div>
				</div>
			</div>
			{sharing && <Share did={did} onClose={() => setSharing(false)} />}
		</section>
	);
}
