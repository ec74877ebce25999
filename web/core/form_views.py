"""Views with a form: a refusal by the use case is shown on the page of the form."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from flask import request

from approvals.errors import FreshSignInRequired, NotAllowed, WrongRole
from publisher.validation import Invalid
from web.core.permissions import Page
from web.forms import Form

Parameters = ParamSpec("Parameters")
ViewForm = TypeVar("ViewForm", bound=Form)
FormView = Callable[Concatenate[ViewForm, Parameters], Page]


def handle_form(
    make_form: Callable[[], ViewForm],
    shown_by: Callable[..., Page] | None = None,
    *,
    forbids: bool = False,
) -> Callable[[FormView[ViewForm, Parameters]], Callable[Parameters, Page]]:
    """Pass the view a new form, and show what the use case refuses on the form's page.

    `shown_by` renders the page on GET and after a refusal, from the arguments of the view. Without
    it the view does so itself, if `form.is_shown`. After `Invalid` the page has the errors and
    status 422, after `NotAllowed` the sentence and status 409. For a fresh sign-in the error
    handlers ask for the password. With `forbids` a missing right is a 403 with the typed texts.
    """

    def decorate(view: FormView[ViewForm, Parameters]) -> Callable[Parameters, Page]:
        show: FormView[ViewForm, Parameters] = shown_by or view

        @wraps(view)
        def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Page:
            form = make_form()
            if request.method != "POST":  # a HEAD is answered as a GET
                return show(form, *args, **kwargs)
            try:
                return view(form, *args, **kwargs)
            except FreshSignInRequired:
                raise
            except (Invalid, NotAllowed) as refusal:
                if forbids and isinstance(refusal, WrongRole):
                    raise
                status = form.refuse(refusal)
            page = show(form, *args, **kwargs)
            return (page, status) if isinstance(page, str) else page

        return wrapper

    return decorate
