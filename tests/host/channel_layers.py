"""Channel layers of the host."""

import asyncio

from channels.layers import BaseChannelLayer


class Recorded(BaseChannelLayer):
    """As a layer that reaches other processes: what it is asked is noted, and a test may say what happens before."""

    asked = []
    before = None
    queues = {}

    async def _ask(self, operation, *args):
        type(self).asked.append((operation, *args))
        if self.before is not None:
            await type(self).before(operation)

    async def new_channel(self, prefix="specific"):
        name = f"{prefix}!{len(self.asked)}"
        await self._ask("new_channel")
        self.queues[name] = asyncio.Queue()
        return name

    async def receive(self, channel):
        return await self.queues[channel].get()

    async def send(self, channel, message):
        await self._ask("send", channel, message)

    async def group_add(self, group, channel):
        await self._ask("group_add", group, channel)

    async def group_discard(self, group, channel):
        await self._ask("group_discard", group, channel)

    async def group_send(self, group, message):
        await self._ask("group_send", group, message)
