"""aiosmtpd's mailbox that refuses what the file at $REFUSALS says, if there is one. A line is `VERB ADDRESS REPLY`:

MAIL alarm@example.org 550 5.7.1 this account may not send
"""

import os

from aiosmtpd.handlers import Mailbox


class Server(Mailbox):
    async def handle_MAIL(self, server, session, envelope, address, options):
        refused = refusal("MAIL", address)
        if refused:
            return refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        refused = refusal("RCPT", address)
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"


def refusal(verb, address):
    try:
        with open(os.environ["REFUSALS"], encoding="utf-8") as file:
            lines = [line.rstrip("\n").split(" ", 2) for line in file]
    except FileNotFoundError:
        return None
    return next((reply for of, whom, reply in lines if (of, whom) == (verb, address)), None)
