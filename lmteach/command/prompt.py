"""The kernel's websocket without delay: a picture follows the hand.

With Nagle's algorithm every answer of the kernel waits up to 40 ms for an acknowledgement.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class Prompt(ZMQChannelsWebsocketConnection):
    """Sends each message at once (TCP_NODELAY)."""

    def connect(self):
        """Begin to serve the websocket."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
