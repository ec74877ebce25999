"""Pages of calls to name officers: the call, its heads, and the page of a head's link."""
