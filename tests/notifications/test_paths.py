from __future__ import annotations

from publisher.notifications import links


def test_the_base_is_put_into_every_link() -> None:
    text = f"{links.BASE}/posts/7 and {links.BASE}/"
    assert links.add_base_url(text, "https://nagarvani.example") == (
        "https://nagarvani.example/posts/7 and https://nagarvani.example/"
    )


def test_the_token_of_a_one_use_link_is_taken_out_and_nothing_else() -> None:
    text = f"मुदत {links.BASE}{links.invitation('aB3-_x')} नंतर {links.BASE}{links.post(7)}"
    assert links.remove_secrets(text) == (f"मुदत {links.BASE}/invitation/… नंतर {links.BASE}/posts/7")
    assert links.remove_secrets(links.BASE + links.approve("aB3-_x")) == f"{links.BASE}/approve/…"
