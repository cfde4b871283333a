"""A stand-in for the Azure ML service that Microsoft's own SDKs drive unchanged, offline.

The SDKs speak HTTPS to Azure's host names. `HTTPS_PROXY` leads them to `proxy.py`, which ends TLS with certificates of
a throw-away authority (`certificates.py`) and passes the plain requests on to `app.py`. Nothing here is Perennial's.
"""
