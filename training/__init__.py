"""From panel to promoted champion."""
