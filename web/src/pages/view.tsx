// SPDX-License-Identifier: Apache-2.0
// For a guest with a view link: the picture, and nothing else.
import { useEffect } from 'preact/hooks';
import { LanguageSwitch } from '../parts/frame';
import { LivePicture } from '../parts/live';

export function View(props: { did: string; token: string }) {
	useEffect(() => { document.title = `${props.did} – Vigil`; }, [props.did]);
	return (
		<main class="view">
			<LivePicture name={props.did} did={props.did} token={props.token} />
			<LanguageSwitch />
		</main>
	);
}
