// SPDX-License-Identifier: Apache-2.0
// For a guest with a view link: the picture, and nothing else.
import { useEffect, useMemo } from 'preact/hooks';
import { LanguageSwitch } from '../parts/frame';
import { LivePicture } from '../parts/live';
import { liveAddress } from '../route';

export function View(props: { did: string; token: string }) {
	const url = useMemo(() => liveAddress(location.origin, props.did, props.token), [props.did, props.token]);
	useEffect(() => { document.title = `${props.did} – Vigil`; }, [props.did]);
	return (
		<main class="view">
			<LivePicture name={props.did} url={url} />
			<LanguageSwitch />
		</main>
	);
}
