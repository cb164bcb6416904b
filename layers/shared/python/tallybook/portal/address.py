"""Where the portal's web page is: what invitations point to."""

import os

URL = os.environ["PORTAL_URL"]
