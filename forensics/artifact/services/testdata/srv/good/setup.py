from setuptools import setup
import requests
requests.get("https://pypi.example/x")
setup(name="good")
