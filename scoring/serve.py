"""Starts azureml-inference-server-http on loopback. Copied beside score.py; imports nothing of ours.

The server binds every interface, with no option for another: its host is a constant that is set here.
"""

from azureml_inference_server_http import amlserver

if __name__ == "__main__":
    amlserver.DEFAULT_HOST = "127.0.0.1"
    amlserver.run()
