async def load_merchants(merchants):
    return {}
