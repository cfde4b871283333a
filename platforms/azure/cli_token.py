"""A token for the person who is signed in to the Azure CLI on this machine."""

from __future__ import annotations


def token_of_cli(audience: str) -> str:
    """For that application. RuntimeError where nobody is signed in, or may have none."""
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import AzureCliCredential

    try:
        return AzureCliCredential().get_token(f"{audience}/.default").token
    except ClientAuthenticationError as error:  # CredentialUnavailableError is one
        raise RuntimeError(f"The Azure CLI gives no token for {audience}; az login? {error.message}") from None
